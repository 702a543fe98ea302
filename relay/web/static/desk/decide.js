// What is held and waits for a decision. Topic "held": {total, rows}, the oldest first, where a row has
// {id, from: "audience" | "companion" | "platform", who, platform, text, spans, reason, left}; `platform` is null for what
// the companion would say, and `left` are the seconds until it ends undecided, null where nothing ends it.

import { KeyedList, fill, guarded, h, linger, name, say, set } from "./dom.js";
import { bind } from "./keys.js";
import { attempt } from "./notices.js";
import { said } from "./said.js";
import { chimes, switchChimes } from "./sound.js";
import { duration, number, t } from "./texts.js";
import { told } from "./told.js";
import { tag } from "./next.js";
import { place } from "./wording.js";
import { heldBecause } from "./words.js";

const SETTLE = 400; // milliseconds after which keys decide what has become the first by somebody else's doing
const URGENT = 15; // seconds left from which the time is marked

export function decide(connection) {
  const count = h("span", { class: "count" });
  const empty = h("p", { class: "empty" }, t("Nothing to decide."));
  const list = h("ol", { class: "held-list", tabindex: "-1" });
  const all = h("button", { type: "button", class: "plain", hidden: true }, t("Reject all"));
  guarded(all, t("Sure? Reject all"), () => attempt(connection.ask("reject", { id: "all" }), { done: told }));
  const rows = new KeyedList(list, (item) => heldRow(connection, item, { after }), { gone: leave });
  const panel = h(
    "section",
    { class: "panel decide", "aria-label": t("Decide") },
    h("div", { class: "panel-head" }, h("h2", {}, t("Decide")), count, sound(), all),
    empty,
    list,
  );
  let first = null; // the one that keys decide
  let coming = null; // the same, or the one that will be it in a moment
  let settling = null;

  function show({ rows: items, total }) {
    rows.show(items);
    say(count, number(total));
    count.classList.toggle("some", total > 0);
    empty.hidden = total > 0;
    all.hidden = total < 2;
    point();
  }

  function open() {
    return [...rows.rows.values()].filter(({ isDecided }) => !isDecided());
  }

  // Keys decide the first one that is open; it is marked. What comes to the front otherwise than by a decision made here
  // has to have stood there for a moment, since a key may be on its way to the one before it.
  function point({ own = false } = {}) {
    const now = open()[0] ?? null;
    if (now === coming) return;
    coming = now;
    clearTimeout(settling);
    aim(own ? now : null);
    if (!own && now) settling = setTimeout(aim, SETTLE, now);
  }

  function aim(row) {
    first?.element.classList.remove("first");
    first = row;
    first?.element.classList.add("first");
  }

  // Somebody used a button of a row: focus goes on to the same button of the next one, so that a hundred take a hundred presses.
  function after(row, button) {
    const left = open();
    const following = left.find((other) => row.element.compareDocumentPosition(other.element) & Node.DOCUMENT_POSITION_FOLLOWING);
    point({ own: true });
    if (button) (following ?? left[0])?.focus(button);
  }

  function byKey(act) {
    if (first && !first.isDecided()) first[act]();
  }

  bind("a", () => byKey("approve"));
  bind("r", () => byKey("reject"));
  bind("e", () => byKey("edit"));
  connection.watch("held", show);
  return panel;
}

// What somebody else decided, or nobody in time, stays for a moment; while it is put into other words, until that is left:
// the letters that are typed would decide other cards.
function leave({ element, isDecided, isEdited, end }) {
  if (isEdited() && !isDecided()) return end();
  passFocus(element);
  if (isDecided()) element.remove();
  else linger({ element });
}

// To the next card, and to none of its buttons: a press may be on its way.
function passFocus(element) {
  if (element.contains(document.activeElement)) following(element).focus({ preventScroll: true });
}

function following(element) {
  const next = element.nextElementSibling;
  return next?.dataset.gone === undefined ? (next ?? element.parentElement) : following(next);
}

function sound() {
  const box = h("input", { type: "checkbox", checked: chimes(), onchange: ({ target }) => switchChimes(target.checked) });
  return h("label", { class: "check small" }, box, t("Sound"));
}

const SOURCES = { companion: t("the companion would say"), platform: t("held by the platform") };

function heldRow(connection, item, { after }) {
  const { id } = item;
  let ends = null; // when it ends undecided, by this browser's clock
  let isDecided = false;
  let field = null; // for other words, while they are written
  const time = h("span", { class: "left" });
  const body = h("div");
  const why = h("p", { class: "reasons", dir: "auto" });
  const label = (act) => `${act}: ${item.who}`;
  const buttons = {
    approve: h("button", { type: "button", class: "good", "aria-label": label(t("Approve")) }, t("Approve")),
    reject: h("button", { type: "button", class: "bad", "aria-label": label(t("Reject")) }, t("Reject")),
    edit: h("button", { type: "button", "aria-label": label(t("Edit")) }, t("Edit")),
  };
  const actions = h("div", { class: "actions" }, Object.values(buttons));
  const row = { element: null, update, isDecided: () => isDecided, isEdited: () => field !== null, focus, approve, reject, edit, end };
  row.element = h(
    "li",
    { class: "card held", tabindex: "-1" },
    h(
      "p",
      { class: "card-head" },
      name(item.who),
      item.platform ? h("span", { class: "dim" }, place(item.platform)) : null,
      item.from in SOURCES ? tag(SOURCES[item.from]) : null,
      item.pretended ? tag(t("pretended")) : null,
      time,
    ),
    body,
    why,
    actions,
  );
  buttons.approve.onclick = () => approve("approve");
  buttons.reject.onclick = () => reject("reject");
  buttons.edit.onclick = edit;

  function approve(button = null) {
    return decideIt("approve", { id }, button);
  }

  function reject(button = null) {
    return decideIt("reject", { id }, button);
  }

  async function decideIt(action, fields, button) {
    if (isDecided) return;
    isDecided = true;
    row.element.classList.add("decided");
    for (const one of actions.querySelectorAll("button")) set(one, "aria-disabled", "true");
    after(row, button);
    try {
      await connection.ask(action, fields);
    } catch (failure) {
      await attempt(Promise.reject(failure));
      if (failure.code !== "gone") reopen();
    }
  }

  function reopen() {
    isDecided = false;
    row.element.classList.remove("decided");
    for (const one of actions.querySelectorAll("button")) set(one, "aria-disabled", null);
  }

  function edit() {
    if (isDecided) return;
    field = h("textarea", { rows: "3", "aria-label": t("New text"), value: item.text, maxlength: "2000", dir: "auto" });
    const send = () => isHere() && field.value.trim() && decideIt("edit", { id, text: field.value.trim() }, "approve");
    const cancel = () => {
      if (!isHere()) return close();
      field = null;
      fill(body, said(item.text, item.spans));
      fill(actions, Object.values(buttons));
      buttons.edit.focus();
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.preventDefault();
        cancel();
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        send();
      }
    });
    fill(body, field);
    fill(
      actions,
      h("button", { type: "button", class: "good", title: t("Ctrl + Enter"), onclick: send }, t("Approve this text")),
      h("button", { type: "button", onclick: cancel }, t("Cancel")),
    );
    field.focus();
  }

  function isHere() {
    return row.element.dataset.gone === undefined;
  }

  function end() {
    row.element.dataset.gone = "";
    ends = null;
    say(time, "");
    say(why, t("This waits for no decision any more."));
    fill(actions, h("button", { type: "button", onclick: close }, t("Close")));
  }

  function close() {
    passFocus(row.element);
    row.element.remove();
  }

  function focus(button) {
    (buttons[button].isConnected ? buttons[button] : row.element.querySelector("button, textarea")).focus();
  }

  function tick() {
    if (!row.element.isConnected || ends === null) return;
    const left = (ends - performance.now()) / 1000;
    say(time, t("{time} left", { time: duration(left) }));
    time.classList.toggle("urgent", left < URGENT);
    setTimeout(tick, 1000);
  }

  function update(newest) {
    const isNew = !body.hasChildNodes();
    ends = newest.left === null ? null : performance.now() + newest.left * 1000;
    say(why, heldBecause(newest.reason));
    if (isNew || newest.text !== item.text) fill(body, said(newest.text, newest.spans));
    item = newest;
    if (isNew) setTimeout(tick);
  }

  return row;
}
