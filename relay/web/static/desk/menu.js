// Language, light or dark, and the keys.

import { h } from "./dom.js";
import { bind, keysAreOn, switchKeys } from "./keys.js";
import { LANGUAGES, language, speak, t } from "./texts.js";
import { choose, theme } from "./theme.js";

const KEYS = [
  ["Esc, S", t("Silence")],
  ["P", t("Pause or resume")],
  ["K", t("Skip")],
  ["A", t("Approve the first held message")],
  ["R", t("Reject the first held message")],
  ["E", t("Edit the first held message")],
  ["/", t("Search the feed")],
  ["?", t("These keys")],
];

export function menu() {
  const dialog = help();
  const open = () => dialog.showModal();
  bind("?", open);
  const themes = { system: t("As the system"), light: t("Light"), dark: t("Dark") };
  return h(
    "div",
    { class: "menu" },
    chooser(t("Language"), LANGUAGES, language, speak),
    chooser(t("Colours"), themes, theme(), choose),
    h("button", { type: "button", class: "plain", onclick: open }, t("Keys")),
    dialog,
  );
}

function chooser(label, options, current, act) {
  const list = Object.entries(options).map(([value, text]) => h("option", { value, selected: value === current }, text));
  return h("select", { "aria-label": label, title: label, onchange: ({ target }) => act(target.value) }, list);
}

function help() {
  const keys = KEYS.map(([key, does]) => h("div", {}, h("dt", {}, key.split(", ").map((one) => h("kbd", {}, one))), h("dd", {}, does)));
  const on = h("input", { type: "checkbox", checked: keysAreOn(), onchange: ({ target }) => switchKeys(target.checked) });
  const dialog = h(
    "dialog",
    { class: "help", "aria-labelledby": "help-title" },
    h("h2", { id: "help-title" }, t("Keys")),
    h("p", { class: "dim" }, t("They work wherever you are not typing.")),
    h("dl", {}, keys),
    h("label", { class: "check" }, on, t("Keys are on")),
    h("form", { method: "dialog" }, h("button", { class: "primary" }, t("Close"))),
  );
  return dialog;
}
