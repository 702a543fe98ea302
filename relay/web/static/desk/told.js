// What the relay said in a text of its own, such as why it did not do something: it says it in English, as in its log.
// The catalogue has these texts with {places}, so that one is known again with whatever stands there.

import { catalogue, t } from "./texts.js";

const PLACE = /\{(\w+)\}/;
const SEPARATORS = /(; |: |(?<=\.) )/; // between texts that were put together
const MOST = 500; // texts that are kept as they were translated

const known = new Map();
let templates = null;

// In the reader's language; as it is where it is no text of the relay's.
export function told(text) {
  if (!text || Object.keys(catalogue).length === 0) return text;
  if (!known.has(text)) {
    if (known.size === MOST) known.clear();
    known.set(text, whole(text) ?? inParts(text));
  }
  return known.get(text);
}

function whole(text) {
  if (Object.hasOwn(catalogue, text)) return t(text);
  templates ??= Object.keys(catalogue).filter((english) => PLACE.test(english)).map(template).sort((one, other) => other.letters - one.letters);
  for (const { english, pattern, names } of templates) {
    const found = pattern.exec(text);
    if (found) return t(english, Object.fromEntries(names.map((name, index) => [name, inPlace(found[index + 1])])));
  }
  return null;
}

// Names stay as they are; a reason may be a text of the relay's as well.
function inPlace(value) {
  return value.includes(" ") ? told(value) : value;
}

function inParts(text) {
  const parts = text.split(SEPARATORS);
  return parts.length === 1 ? text : parts.map((part, index) => (index % 2 ? part : (whole(part) ?? part))).join("");
}

function template(english) {
  const pieces = english.split(PLACE); // what stands between the places, and their names, in turns
  const fixed = pieces.filter((_, index) => index % 2 === 0);
  const source = fixed.map((piece) => piece.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("([^]*?)");
  const names = pieces.filter((_, index) => index % 2 === 1);
  return { english, names, pattern: new RegExp(`^${source}$`), letters: fixed.join("").length };
}
