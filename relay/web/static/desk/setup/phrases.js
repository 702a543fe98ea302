// What the relay words and the page translates: English and what goes into it, or a name as it is.

import { t } from "../texts.js";
import { told } from "../told.js";

export function said(phrase) {
  return typeof phrase === "string" ? phrase : t(phrase.text, translated(phrase.values));
}

// What goes into it may be a text of the relay's as well, such as what a voice is like; names of one word stay.
function translated(values = {}) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isText(value) ? told(value) : value]));
}

function isText(value) {
  return typeof value === "string" && value.includes(" ");
}
