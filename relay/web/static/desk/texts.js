// What the page says, in the reader's language. English stands in the code and is the key of the catalogue
// (relay/web/locale): t("{name} is muted", {name}) and n("{count} message", "{count} messages", count).
// The catalogue is there before any module that imports this one begins.

import { at } from "../places.js";
import { headers } from "./address.js";

export const LANGUAGES = { en: "English", de: "Deutsch" };
const STORED = "relay.language";
const WAIT = 3000; // milliseconds for the catalogue; without it the page is in English

export const language = chosen();
export const catalogue = language === "en" ? {} : await load(language);
document.documentElement.lang = language;

export function t(english, values = {}) {
  return insert(first(catalogue[english]) || english, values);
}

// One or many, by the language's own rule; {count} is there to be used.
export function n(one, many, count, values = {}) {
  const forms = catalogue[one] ?? [one, many];
  const form = (Array.isArray(forms) ? forms : [forms])[count === 1 ? 0 : 1] || (count === 1 ? one : many);
  return insert(form, { count: number(count), ...values });
}

export function number(value, options = {}) {
  return new Intl.NumberFormat(language, options).format(value);
}

// How long: "4 s", "1:20 min", "2 h 05 min".
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  if (whole < 60) return t("{seconds} s", { seconds: whole });
  if (whole < 3600) return t("{minutes}:{seconds} min", { minutes: Math.floor(whole / 60), seconds: two(whole % 60) });
  return t("{hours} h {minutes} min", { hours: Math.floor(whole / 3600), minutes: two(Math.floor(whole / 60) % 60) });
}

// Kept for this browser; the page loads itself anew in that language.
export function speak(code) {
  localStorage.setItem(STORED, code);
  location.reload();
}

function chosen() {
  const wishes = [new URLSearchParams(location.search).get("lang"), localStorage.getItem(STORED), ...navigator.languages];
  const codes = wishes.filter(Boolean).map((wish) => wish.slice(0, 2).toLowerCase());
  return codes.find((code) => code in LANGUAGES) ?? "en";
}

async function load(code) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), WAIT);
  try {
    const response = await fetch(at(`desk/texts/${code}.json`), { headers, signal: abort.signal });
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  } finally {
    clearTimeout(timer);
  }
}

function first(entry) {
  return Array.isArray(entry) ? entry[0] : entry;
}

function insert(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}
