// A long list of which only what is in view is in the document. Rows have the heights they turn out to have.
// It stays at its end while somebody looks at the end, and where it is otherwise.

import { fill, h } from "./dom.js";
import { n } from "./texts.js";

const GUESS = 64; // pixels of a row nobody has seen yet
const BEYOND = 400; // pixels above and below that are there already when somebody scrolls
const AT_END = 24; // pixels from the end that still count as the end
const TRIES = 4; // measuring may bring further rows into view, which are measured as well

export class Rows {
  // `make(item)` answers {element, update(item)}; `key(item)` names it; `open(item)` is called for Enter and clicks;
  // `atTop()` is called while the first row is in view, or none is left to see; it answers whether to ask it again.
  constructor({ label, make, key = (item) => item.id, open = () => {}, atTop = async () => false }) {
    this.make = make;
    this.key = (item) => String(key(item));
    this.open = open;
    this.atTop = atTop;
    this.items = [];
    this.heights = new Map(); // key → measured pixels
    this.tops = [0];
    this.drawn = new Map(); // key → {element, update, item}
    this.isAtEnd = true;
    this.isReaching = false;
    this.unseen = 0;
    this.current = null; // the key of the row that the keyboard stands on
    this.above = h("div", { "aria-hidden": "true" });
    this.below = h("div", { "aria-hidden": "true" });
    this.scroller = h(
      "div",
      {
        class: "rows",
        role: "feed",
        tabindex: "0",
        "aria-label": label,
        onscroll: () => this.scrolled(),
        onkeydown: (event) => this.pressed(event),
        onclick: (event) => this.clicked(event),
        onfocusin: (event) => this.focused(event),
      },
      this.above,
      this.below,
    );
    this.more = h("button", { class: "rows-more primary", type: "button", hidden: true, onclick: () => this.toEnd() });
    this.element = h("div", { class: "rows-frame", hidden: true }, this.scroller, this.more);
    this.width = 0;
    new ResizeObserver(() => this.resized()).observe(this.scroller);
  }

  // These items, in order; the list is there while there are any. What is drawn already stays the same element.
  show(items) {
    const last = this.items.length ? this.key(this.items.at(-1)) : null;
    const anchor = this.anchor();
    this.items = items;
    this.element.hidden = items.length === 0; // a feed without an article is none
    if (this.heights.size > 2 * items.length + 1000) this.forget();
    this.measure();
    if (!this.isAtEnd) this.count(last);
    this.draw(anchor);
    this.reach();
  }

  count(last) {
    let fresh = 0;
    for (let at = this.items.length - 1; at >= 0 && this.key(this.items[at]) !== last; at--) fresh++;
    this.unseen += last === null || fresh === this.items.length ? 0 : fresh;
  }

  toEnd() {
    this.isAtEnd = true;
    this.draw(null);
    this.scroller.focus({ preventScroll: true });
  }

  // Bring an item into view and stand on it.
  reveal(key) {
    const at = this.items.findIndex((item) => this.key(item) === key);
    if (at < 0) return false;
    this.isAtEnd = false;
    this.current = key;
    this.draw({ key, offset: this.scroller.clientHeight / 3 });
    this.drawn.get(key)?.element.focus({ preventScroll: true });
    return true;
  }

  // Have what is before the first row for as long as that is in view: a few rows may leave nothing to scroll.
  async reach() {
    if (this.isReaching) return;
    this.isReaching = true;
    while (this.isAtTop() && (await this.atTop())) continue;
    this.isReaching = false;
  }

  // Inside

  isAtTop() {
    return this.scroller.scrollTop < BEYOND && this.element.parentElement?.getClientRects().length > 0;
  }

  forget() {
    const known = new Set(this.items.map((item) => this.key(item)));
    for (const key of this.heights.keys()) if (!known.has(key)) this.heights.delete(key);
  }

  measure() {
    const tops = new Array(this.items.length + 1);
    tops[0] = 0;
    for (let at = 0; at < this.items.length; at++) {
      tops[at + 1] = tops[at] + (this.heights.get(this.key(this.items[at])) ?? GUESS);
    }
    this.tops = tops;
  }

  // The index of the row at a height, by halving.
  at(height) {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tops[middle + 1] <= height) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The first row in view and where it stands, so that it stays there when rows above turn out otherwise.
  anchor() {
    if (this.isAtEnd || !this.items.length) return null;
    const index = Math.min(this.at(this.scroller.scrollTop), this.items.length - 1);
    return { key: this.key(this.items[index]), offset: this.tops[index] - this.scroller.scrollTop };
  }

  // Where the view begins: at the end, or where the anchor has it, or where it is.
  top(anchor) {
    const end = Math.max(0, this.tops[this.items.length] - this.scroller.clientHeight);
    if (this.isAtEnd) return end;
    const at = anchor ? this.items.findIndex((item) => this.key(item) === anchor.key) : -1;
    return Math.min(end, at < 0 ? this.scroller.scrollTop : this.tops[at] - anchor.offset);
  }

  draw(anchor = this.anchor()) {
    if (!this.scroller.clientHeight) return;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const top = this.top(anchor);
      this.spread(top);
      this.window();
      if (Math.abs(this.scroller.scrollTop - top) > 0.5) this.scroller.scrollTop = top;
      if (!this.remeasure()) break;
    }
    if (this.isAtEnd) this.unseen = 0;
    this.more.hidden = this.unseen === 0;
    if (this.unseen) fill(this.more, n("{count} new", "{count} new", this.unseen));
  }

  // The document is as high as all rows together, with those in view where they belong.
  spread(top) {
    const total = this.tops[this.items.length];
    this.first = this.at(Math.max(0, top - BEYOND));
    this.last = Math.min(this.items.length, this.at(top + this.scroller.clientHeight + BEYOND) + 1);
    this.above.style.height = `${this.tops[this.first]}px`;
    this.below.style.height = `${total - this.tops[this.last]}px`;
  }

  window() {
    const wanted = new Map();
    for (let at = this.first; at < this.last; at++) wanted.set(this.key(this.items[at]), at);
    for (const [key, row] of this.drawn) if (!wanted.has(key)) this.drop(key, row);
    let before = this.above;
    for (const [key, at] of wanted) {
      const row = this.drawn.get(key) ?? this.create(key, this.items[at]);
      if (row.item !== this.items[at]) {
        row.item = this.items[at];
        row.update(row.item);
      }
      row.element.setAttribute("aria-posinset", at + 1);
      row.element.setAttribute("aria-setsize", this.items.length);
      if (before.nextElementSibling !== row.element) before.after(row.element);
      before = row.element;
    }
  }

  create(key, item) {
    const row = { ...this.make(item), item };
    row.element.dataset.row = key;
    row.element.tabIndex = -1;
    this.drawn.set(key, row);
    return row;
  }

  drop(key, row) {
    if (row.element.contains(document.activeElement)) this.scroller.focus({ preventScroll: true });
    row.element.remove();
    this.drawn.delete(key);
  }

  // Whether any row has another height than was thought.
  remeasure() {
    let changed = false;
    for (const [key, row] of this.drawn) {
      const height = row.element.getBoundingClientRect().height;
      if (height && Math.abs(height - (this.heights.get(key) ?? GUESS)) > 0.5) {
        this.heights.set(key, height);
        changed = true;
      } else if (height) this.heights.set(key, height);
    }
    if (changed) this.measure();
    return changed;
  }

  scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    this.isAtEnd = scrollTop + clientHeight >= scrollHeight - AT_END;
    this.reach();
    this.pending ??= requestAnimationFrame(() => {
      this.pending = null;
      this.draw();
    });
  }

  resized() {
    if (this.scroller.clientWidth !== this.width) {
      this.width = this.scroller.clientWidth;
      this.heights.clear();
      this.measure();
    }
    this.draw();
  }

  // The keyboard

  focused({ target }) {
    const row = target.closest?.("[data-row]");
    if (row) this.current = row.dataset.row;
  }

  clicked({ target }) {
    const row = target.closest?.("[data-row]");
    if (!row || target.closest("button, a, label, input") || String(getSelection())) return;
    this.open(this.drawn.get(row.dataset.row).item);
  }

  pressed(event) {
    if (event.target.closest("button, a, input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.items.findIndex((item) => this.key(item) === this.current);
    const to = {
      ArrowUp: at < 0 ? this.items.length - 1 : at - 1,
      ArrowDown: at < 0 ? this.items.length - 1 : at + 1,
      Home: 0,
      End: this.items.length - 1,
    }[event.key];
    if (to !== undefined) this.stand(Math.min(Math.max(to, 0), this.items.length - 1));
    else if (event.key === "Enter" && at >= 0) this.open(this.items[at]);
    else return;
    event.preventDefault();
  }

  stand(at) {
    if (at < 0) return;
    const { scrollTop, clientHeight } = this.scroller;
    const key = this.key(this.items[at]);
    this.current = key;
    this.isAtEnd = at === this.items.length - 1;
    if (this.tops[at] < scrollTop) this.draw({ key, offset: 0 });
    else if (this.tops[at + 1] <= scrollTop + clientHeight) this.draw();
    else this.draw({ key, offset: clientHeight - (this.tops[at + 1] - this.tops[at]) });
    this.drawn.get(key)?.element.focus({ preventScroll: true });
  }
}
