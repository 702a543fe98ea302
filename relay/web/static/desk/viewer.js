// One viewer: what became of a message, what else they wrote, what is remembered; mute, block a word, tell again.

import { fill, guarded, h, name, say } from "./dom.js";
import { attempt, notify, once } from "./notices.js";
import { t } from "./texts.js";
import { told } from "./told.js";
import { at, deed, outcome, place, why } from "./wording.js";

const LONGEST = 200; // characters of a term

// {element, open(row)}: a row of the feed or of support.
export function viewer(connection) {
  const title = h("h2", { id: `viewer-${++count}` });
  const about = h("p", { class: "dim" });
  const message = h("div", { class: "viewer-message" });
  const mute = h("div", { class: "actions" });
  const term = h("input", { maxlength: LONGEST, "aria-label": t("Word or phrase to block"), required: true });
  const messages = h("ul", { class: "viewer-rows" });
  const memory = h("div");
  const block = h("form", { class: "viewer-block", onsubmit: (event) => blockTerm(event) }, term, h("button", { class: "bad" }, t("Block it")));
  const close = h("form", { method: "dialog" }, h("button", {}, t("Close")));
  const element = h(
    "dialog",
    { class: "viewer", "aria-labelledby": title.id },
    h("div", { class: "panel-head" }, title, close),
    about,
    message,
    mute,
    h("h3", {}, t("Block a word")),
    block,
    h("h3", {}, t("What they wrote lately")),
    messages,
    h("h3", {}, t("What is remembered")),
    memory,
  );
  let shown = null;
  let muting = null; // the buttons of who is shown

  async function open(row) {
    shown = row;
    muting = mutingOf(row);
    term.value = selected();
    fill(title, name(row.who));
    say(about, place(row.platform));
    showMessage(row);
    fill(mute);
    fill(messages);
    fill(memory, h("p", { class: "dim" }, t("Looking …")));
    if (!element.open) element.showModal();
    await look(row);
  }

  async function look(row) {
    const found = await attempt(connection.ask("viewer", { viewer: row.viewer }));
    if (found === undefined || shown !== row) return;
    const roles = found.roles.map((role) => t(role)).join(", ");
    say(about, [place(row.platform), roles, found.muted && t("muted")].filter(Boolean).join(" · "));
    fill(mute, found.muted ? muting.undo : muting.mute);
    fill(messages, [...found.rows].reverse().map(line));
    const lines = found.remembered ?? [];
    fill(memory, lines.length ? lines.map((text) => h("p", { dir: "auto" }, text)) : h("p", { class: "dim" }, t("Nothing.")));
  }

  function showMessage(row) {
    const tell = once(() => attempt(connection.ask("again", { id: row.id }), { done: t("It is told again.") }));
    const again = h("button", { type: "button", onclick: tell }, t("Answer again"));
    const words = [deed(row), row.text].filter(Boolean).join(": ");
    fill(message, h("p", { class: "said", dir: "auto" }, words), h("p", {}, why(row)), row.outcome !== null && h("div", { class: "actions" }, again));
  }

  function mutingOf(row) {
    const change = async (action) => {
      const done = await attempt(connection.ask(action, { viewer: row.viewer }), { done: told });
      if (done !== undefined) await look(row);
    };
    return {
      mute: guarded(h("button", { class: "bad", type: "button" }, t("Mute")), t("Sure?"), () => change("mute")),
      undo: h("button", { type: "button", onclick: () => change("unmute") }, t("Hear them again")),
    };
  }

  async function blockTerm(event) {
    event.preventDefault();
    const wanted = term.value.trim();
    if (!wanted) return;
    const done = await attempt(connection.ask("block", { term: wanted }));
    if (done === undefined) return;
    notify(t("{term} is blocked.", { term: wanted }));
    term.value = "";
  }

  return { element, open };
}

let count = 0;

// The words that are selected on the page, for a term.
function selected() {
  return String(getSelection()).replace(/\s+/g, " ").trim().slice(0, LONGEST);
}

function line(row) {
  const words = [deed(row), row.text].filter(Boolean).join(": ");
  return h(
    "li",
    {},
    h("span", { class: "dim small" }, at(row.age), " "),
    h("span", { class: "said", dir: "auto" }, words),
    " ",
    h("span", { class: `outcome ${row.outcome ?? "waiting"}` }, outcome(row)),
  );
}
