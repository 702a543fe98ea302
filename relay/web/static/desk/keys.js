// Keys that work wherever nobody is typing. They can be switched off, for those whose tools press keys by themselves.

const STORED = "relay.keys";
const bound = new Map();

export function bind(key, act) {
  bound.set(key, act);
}

export function keysAreOn() {
  return localStorage.getItem(STORED) !== "off";
}

export function switchKeys(on) {
  localStorage.setItem(STORED, on ? "on" : "off");
}

const TEXT = "input:not([type=checkbox], [type=radio], [type=button], [type=range], [type=file]), textarea, [contenteditable]";

// A list takes letters, too, to go to what begins with them.
function isTyping({ target, key }) {
  return target.closest?.(key.length === 1 ? `${TEXT}, select` : TEXT);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event) || document.querySelector("dialog[open]")) return;
  const act = bound.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
  if (!act || !keysAreOn()) return;
  event.preventDefault();
  act();
});
