// What waits, in the order in which it would be heard. Topic "next": {total, is_loud, halt, rows}, where a row has
// {key, kind, who, viewer, platform, text, amount, pretended, reasons, others, waited}; here it is given `since`, when it
// began to wait, by this browser's clock.

import { dock } from "./address.js";
import { KeyedList, fill, guarded, h, linger, name, say } from "./dom.js";
import { attempt } from "./notices.js";
import { said } from "./said.js";
import { duration, n, number, t } from "./texts.js";
import { told } from "./told.js";
import { place } from "./wording.js";
import { HALTS, reasons } from "./words.js";

const TICK = 5000; // milliseconds after which the time that something has waited is told anew

export function next(connection) {
  const count = h("span", { class: "count" });
  const empty = h("p", { class: "empty" }, t("Nothing waits."));
  const note = h("p", { class: "dim small" });
  const more = h("p", { class: "dim small" });
  const still = h("p", { class: "dim small", hidden: true }, t("Once you leave the list, what waits is put in order."));
  const list = h("ol", { class: "waiting", tabindex: "-1" });
  const clear = h("button", { type: "button", class: "plain", hidden: true }, t("Drop all"));
  guarded(clear, t("Sure? Drop all"), () => attempt(connection.ask("clear"), { done: told }));
  const rows = new KeyedList(list, (item) => waitingRow(connection, item), { key: ({ key }) => key, gone: leave });
  let waiting = []; // in the order in which it would be heard
  let isPointedAt = false;

  // While somebody is at a row, by pointer or by keys, none changes its place: a press would hit another one. What is new
  // comes last.
  function order() {
    const isBusy = isPointedAt || list.querySelector(":focus-visible") !== null;
    const shown = isBusy ? asItStands(waiting, [...rows.rows.keys()]) : waiting;
    rows.show(shown);
    still.hidden = shown.every((item, at) => item === waiting[at]);
  }

  function point({ type }) {
    isPointedAt = type === "pointerenter";
    order();
  }

  list.addEventListener("pointerenter", point);
  list.addEventListener("pointerleave", point);
  list.addEventListener("focusout", () => setTimeout(order)); // once it is known where focus goes

  connection.watch("next", ({ rows: items, total, halt, is_loud: isLoud }) => {
    const now = performance.now();
    waiting = items.map((item) => ({ ...item, since: now - item.waited * 1000 }));
    order();
    say(count, number(total));
    clear.hidden = total < 2;
    empty.hidden = total > 0;
    say(note, HALTS[halt] ?? (isLoud ? t("More comes in than can be answered: chat is drawn by lot, and the order may change.") : ""));
    note.hidden = note.textContent === "" || total === 0;
    more.hidden = total <= items.length;
    say(more, n("and {count} more", "and {count} more", total - items.length));
  });
  setInterval(() => list.isConnected && rows.rows.forEach((row) => row.tick()), TICK);
  const head = h("div", { class: "panel-head" }, h("h2", {}, t("Next")), count, clear);
  return h("section", { class: "panel next", "aria-label": t("Next") }, head, empty, note, list, still, more);
}

function asItStands(items, keys) {
  const places = new Map(keys.map((key, at) => [key, at]));
  const at = ({ key }) => places.get(key) ?? keys.length;
  return [...items].sort((one, other) => at(one) - at(other));
}

// What was dropped here makes room at once for the next press; the rest leaves by itself, and nobody knows when.
function leave({ element, isDropped }) {
  if (element.contains(document.activeElement)) element.parentElement.focus({ preventScroll: true });
  if (isDropped()) element.remove();
  else linger({ element });
}

function waitingRow(connection, item) {
  const { key, viewer, who } = item;
  const label = (act) => `${act}: ${who}`;
  const now = h("button", { type: "button", "aria-label": label(t("Now")), onclick: () => attempt(connection.ask("now", { key })) }, t("Now"));
  const drop = h("button", { type: "button", "aria-label": label(t("Drop")) }, t("Drop"));
  const mute = h("button", { type: "button", class: "plain", "aria-label": label(t("Mute")) }, t("Mute"));
  let isDropped = false;
  const dropIt = async () => {
    isDropped = true; // the list may be told before the answer comes
    isDropped = (await attempt(connection.ask("drop", { key }))) !== undefined;
  };
  if (dock) guarded(drop, t("Sure?"), dropIt);
  else drop.addEventListener("click", dropIt);
  guarded(mute, t("Sure? Mute"), () => attempt(connection.ask("mute", { viewer }), { done: told }));
  const why = h("p", { class: "reasons" });
  const text = h("div");
  const element = h(
    "li",
    { class: "card" },
    h("p", { class: "card-head" }, name(who), h("span", { class: "dim" }, place(item.platform)), item.pretended ? tag(t("pretended")) : null),
    text,
    h("div", { class: "card-foot" }, why, h("div", { class: "actions" }, now, drop, mute)),
  );
  let shown = null;

  function tick() {
    const time = duration((performance.now() - item.since) / 1000);
    say(why, [...reasons(item), t("waited {time}", { time })].join(" · "));
  }

  function update(newest) {
    item = newest;
    tick();
    if (item.text === shown) return;
    shown = item.text;
    fill(text, said(shown));
  }

  return { element, update, tick, isDropped: () => isDropped };
}

export function tag(text) {
  return h("span", { class: "tag" }, text);
}
