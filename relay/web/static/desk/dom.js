// Makes elements. Text becomes text nodes and nothing else: what viewers and the model write never becomes HTML.

// h("button", {class: "big", onclick: act, disabled: true, "aria-label": "…"}, "text", element, [more], null)
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else set(element, name, value);
  }
  element.append(...nodes(children));
  return element;
}

// An attribute: null and false take it away, true is the bare attribute.
export function set(element, name, value) {
  if (name === "value") element.value = value;
  else if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value === true ? "" : value)) {
    element.setAttribute(name, value === true ? "" : value);
  }
}

// Change a text only when it is another one: screen readers and selections are left alone.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Have these children and no others. Who is there already is not taken out: a button that is pressed just then stays it.
export function fill(element, ...children) {
  const wanted = nodes(children);
  const kept = new Set(wanted);
  for (const child of [...element.childNodes]) if (!kept.has(child)) child.remove();
  let next = element.firstChild;
  for (const child of wanted) {
    if (child === next) next = next.nextSibling;
    else element.insertBefore(child instanceof Node ? child : document.createTextNode(child), next);
  }
  return element;
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

// Characters that turn the direction of a text or take no room, for which people would look in vain.
const HIDDEN = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

// The same text with a sign for each character that hides, which then does nothing.
export function visible(text) {
  return text.replace(HIDDEN, "◦");
}

// A name somebody gave themselves: it cannot turn the text around it.
export function name(text) {
  return h("bdi", { class: "name" }, visible(text));
}

// A list whose rows stay the same elements while their items change, so that focus, selection and open parts stay.
// `make(item)` answers {element, update(item)}; `gone(row)` may keep an element for a moment and then has to remove it.
export class KeyedList {
  constructor(parent, make, { key = (item) => item.id, gone = (row) => row.element.remove() } = {}) {
    this.parent = parent;
    this.make = make;
    this.key = key;
    this.gone = gone;
    this.rows = new Map();
  }

  show(items) {
    const wanted = new Map(items.map((item) => [this.key(item), item]));
    const known = this.rows;
    this.rows = new Map(); // in the order in which they stand, whichever was made first
    for (const [key, row] of known) if (!wanted.has(key)) this.gone(row);
    let before = null;
    for (const [key, item] of wanted) {
      const row = known.get(key) ?? this.make(item);
      this.rows.set(key, row);
      row.update(item);
      before = this.place(row.element, before);
    }
  }

  // Move an element only when it stands elsewhere: moving takes the focus away.
  place(element, before) {
    let next = before ? before.nextElementSibling : this.parent.firstElementChild;
    while (next && next !== element && next.dataset.gone !== undefined) next = next.nextElementSibling;
    if (next !== element) this.parent.insertBefore(element, next);
    return element;
  }
}

const LINGERS = 800; // milliseconds

// For `gone`: stays for a moment where it was and does nothing, so that a click that is on its way hits nothing else.
export function linger({ element }) {
  element.dataset.gone = "";
  set(element, "inert", true);
  setTimeout(() => element.remove(), LINGERS);
}

const SURE_FOR = 4000; // milliseconds in which the second press counts

// A button for what cannot be taken back: the first press asks on the button itself, the second one acts.
export function guarded(button, question, act) {
  const label = [...button.childNodes];
  let timer = null;
  const calm = () => {
    clearTimeout(timer);
    timer = null;
    button.classList.remove("asking");
    fill(button, label);
  };
  button.addEventListener("click", (event) => {
    if (timer !== null) {
      calm();
      act(event);
      return;
    }
    button.classList.add("asking");
    fill(button, question);
    timer = setTimeout(calm, SURE_FOR);
  });
  button.addEventListener("blur", () => timer !== null && calm());
  return button;
}
