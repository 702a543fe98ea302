// What moderators set while the relay runs: whose chat is heard and how much of it, who is muted, which words are blocked.

import { fill, h, KeyedList, name, say } from "./dom.js";
import { labelled } from "./fields.js";
import { attempt } from "./notices.js";
import { number, t } from "./texts.js";
import { told } from "./told.js";

const MODES = { all: t("everybody"), mentions: t("who speaks to the companion"), subscribers: t("subscribers"), slow: t("everybody, slowly") };

export function rules(connection) {
  const parts = [heard(act), sounds(act), list(act, MUTED), list(act, BLOCKED)];
  let known = null;

  async function act(action, fields) {
    const done = await attempt(connection.ask(action, fields), { done: told });
    if (done === undefined && known) show(known); // what was chosen is not so
    return done;
  }

  function show(switches) {
    known = switches;
    for (const part of parts) part.show(switches);
  }

  connection.watch("strip", ({ switches }) => {
    if (JSON.stringify(switches) !== JSON.stringify(known)) show(switches); // the strip is told often, and what is being typed stays
  });
  return h("div", { class: "links" }, parts.map(({ element }) => element));
}

function heard(act) {
  const mode = h("select", { onchange: () => act("mode", { mode: mode.value }) }, Object.entries(MODES).map(([value, text]) => h("option", { value }, text)));
  const bucket = h("input", { required: true, maxlength: 64, pattern: "\\S+", autocomplete: "off" });
  bucket.value = "all";
  const rate = h("input", { type: "number", min: 0, step: "any", required: true });
  const hours = h("input", { required: true, maxlength: 11, placeholder: "23:00-07:30", pattern: "\\d?\\d:\\d\\d-\\d?\\d:\\d\\d", autocomplete: "off" });
  const off = h("button", { type: "button", onclick: () => act("quiet", { hours: "off" }) }, t("No quiet hours"));
  const list = h("ul", { class: "links-list" });
  const rates = new KeyedList(list, ([each]) => rateRow(act, each), { key: ([each]) => each });
  let until = null;

  function show(switches) {
    mode.value = switches.mode;
    if (switches.quiet_hours !== until) hours.value = switches.quiet_hours ?? ""; // else somebody may be typing there
    until = switches.quiet_hours;
    off.disabled = switches.quiet_hours === null;
    rates.show(Object.entries(switches.rates));
  }

  return {
    show,
    element: panel(
      t("Who is heard"),
      labelled(t("Whose chat is heard"), mode),
      form(() => act("rate", { name: bucket.value, per_minute: Number(rate.value) }), labelled(t("Rate of (all, viewer, kind.follow, …)"), bucket), labelled(t("Messages a minute"), rate), submit(t("Set"))),
      list,
      form(() => act("quiet", { hours: hours.value }), labelled(t("Quiet hours, by this computer's clock"), hours), submit(t("Set")), off),
    ),
  };
}

function rateRow(act, each) {
  const words = h("span", { class: "links-words" });
  const back = h("button", { type: "button", "aria-label": t("As configured: {name}", { name: each }), onclick: () => act("rate", { name: each, per_minute: null }) }, t("As configured"));
  return { element: h("li", {}, words, back), update: ([, most]) => say(words, `${each}: ${number(most)}`) };
}

function sounds(act) {
  const volume = h("input", { type: "range", min: 0, max: 200, step: 5, onchange: () => act("volume", { percent: Number(volume.value) }) });
  const reset = h("button", { type: "button", onclick: () => act("volume", { percent: null }) }, t("As configured"));
  const value = h("span", { class: "dim" });

  function show(switches) {
    volume.value = Math.round((switches.volume ?? 1) * 100);
    fill(value, switches.volume === null ? t("as configured") : `${number(volume.value)} %`);
    reset.disabled = switches.volume === null;
  }

  return { show, element: panel(t("How loud the companion speaks"), h("div", { class: "links-form" }, labelled(t("Volume"), volume), value, reset)) };
}

const MUTED = { title: t("Who is muted"), field: "viewer", label: t("Name, or platform:id"), length: 100, add: "mute", button: t("Mute"), undo: "unmute", back: t("Unmute"), of: ({ muted }) => muted };
const BLOCKED = { title: t("Blocked words"), field: "term", label: t("A word, a phrase or /a pattern/"), length: 200, add: "block", button: t("Block"), undo: "unblock", back: t("Allow"), of: (switches) => switches.blocked_terms };

function list(act, { title, field, label, length, add, button, undo, back, of }) {
  const entry = h("input", { required: true, maxlength: length, autocomplete: "off" });
  const empty = h("p", { class: "empty" }, t("There are none yet."));
  const place = h("ul", { class: "links-list" });
  const rows = new KeyedList(place, make, { key: (each) => each });

  function make(each) {
    const gone = h("button", { type: "button", "aria-label": `${back}: ${each}`, onclick: () => act(undo, { [field]: each }) }, back);
    return { element: h("li", {}, h("span", { class: "links-words" }, name(each)), gone), update() {} };
  }

  async function enter() {
    if ((await act(add, { [field]: entry.value })) !== undefined) entry.value = "";
  }

  function show(switches) {
    const all = of(switches);
    empty.hidden = all.length > 0;
    rows.show(all);
  }

  return { show, element: panel(title, form(enter, labelled(label, entry), submit(button)), empty, place) };
}

function panel(title, ...content) {
  return h("section", { class: "panel" }, h("h2", {}, title), ...content);
}

function form(send, ...content) {
  return h("form", { class: "links-form", onsubmit: (event) => {
    event.preventDefault();
    send();
  } }, ...content);
}

function submit(text) {
  return h("button", { class: "primary", type: "submit" }, text);
}
