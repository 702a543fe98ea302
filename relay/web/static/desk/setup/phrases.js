// What the relay words and the page translates: English and what goes into it, or a name as it is.

import { t } from "../texts.js";

export function said(phrase) {
  return typeof phrase === "string" ? phrase : t(phrase.text, phrase.values);
}
