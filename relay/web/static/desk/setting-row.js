// One setting: its name, what it is for, what changes it, and how it gets back to its default.

import { fill, h, set } from "./dom.js";
import { entryForm } from "./setting-entry.js";
import { t } from "./texts.js";
import { told } from "./told.js";

// {key, element, text, differs(), isTyped(), wait(isWaiting), complain(text)}; `changed(state)` is told after each change.
// What is typed and not saved yet is there while `isTyped()`.
export function settingRow(connection, setting, changed) {
  const id = `setting-${setting.key.replaceAll(".", "-")}`;
  const error = h("p", { class: "field-error", id: `${id}-error`, role: "alert", hidden: true });
  const waits = h("span", { class: "tag", hidden: true }, t("needs a restart"));
  const other = h("span", { class: "tag differs", hidden: true }, t("differs from the default"));
  const input = INPUTS[setting.type](setting, id, () => save());
  const keep = h("button", { type: "button", class: "primary", hidden: true, onclick: () => save() }, t("Save"));
  const back = h("button", { type: "button", class: "plain", onclick: () => reset() }, t("Back to default"));
  const label = h("label", { for: input.labelled ?? id, id: `${id}-label` }, setting.key);
  const about = h("p", { class: "dim small", id: `${id}-about` }, explained(setting));
  const tools = h("div", { class: "actions" }, keep, back);
  const more = setting.entry && entryForm(setting, add);
  const outside = setting.outside && h("p", { class: "small" }, t("{place} sets this: change it there.", { place: setting.outside }));
  const element = h("div", { class: "setting" }, h("div", { class: "setting-name" }, label, other, waits), about, input.element, outside, error, tools, more);
  let stored = setting.value;
  let isSet = setting.set;

  set(input.focus, "aria-describedby", `${id}-about ${id}-error`);
  input.element.addEventListener("input", () => (keep.hidden = input.isInstant));
  input.element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.tagName === "INPUT" && !keep.hidden) save();
  });
  if (setting.outside) {
    for (const control of [input.focus, ...element.querySelectorAll("input, select, textarea, button")]) control.disabled = true;
  }
  mark();

  function mark() {
    back.hidden = !isSet;
    keep.hidden = true;
    other.hidden = !differs();
  }

  function differs() {
    return setting.type === "secret" ? Boolean(isSet) : JSON.stringify(stored) !== JSON.stringify(setting.default);
  }

  function complain(text) {
    error.hidden = !text;
    fill(error, told(text));
    set(input.focus, "aria-invalid", text ? "true" : null);
  }

  async function ask(action, fields, value, isSetThen) {
    complain("");
    try {
      const state = await connection.ask(action, fields);
      stored = value;
      isSet = isSetThen;
      input.show(value);
      mark();
      changed(state);
      return true;
    } catch (refusal) {
      complain(refusal.message);
      if (input.isInstant) input.show(stored);
      return false;
    }
  }

  function save() {
    const value = input.value();
    const isEmpty = value === null || value === "";
    if (setting.type === "secret" && isEmpty) return complain(t("Write the new one first."));
    return ask("set", { values: { [setting.key]: value } }, setting.type === "secret" ? true : value, !isEmpty);
  }

  async function add(entry) {
    const before = input.value();
    input.show([before.trim(), entry].filter(Boolean).join("\n\n"));
    if (await save()) return "";
    const wrong = error.textContent;
    input.show(before);
    complain(""); // what is there is right
    return wrong;
  }

  function reset() {
    return ask("unset", { keys: [setting.key] }, setting.type === "secret" ? false : setting.default, false);
  }

  return {
    key: setting.key,
    element,
    text: `${setting.key} ${setting.about} ${t(setting.about)}`.toLowerCase(),
    differs,
    isTyped: () => !keep.hidden,
    complain,
    wait: (isWaiting) => (waits.hidden = !isWaiting),
  };
}

function explained({ about, least, most, default: usual, type, live }) {
  const words = [t(about)];
  if (least !== null && most !== null) words.push(t("From {least} to {most}.", { least, most }));
  if (usual !== null && usual !== "" && !["secret", "table"].includes(type)) {
    const shown = Array.isArray(usual) ? usual.join(", ") : usual === true ? t("on") : usual === false ? t("off") : usual;
    if (shown !== "") words.push(t("Default: {value}", { value: shown }));
  }
  if (live) words.push(t("Counts at once."));
  return words.join(" · ");
}

// Each: {element, focus, value(), show(value)}; `isInstant` ones are saved as soon as they change.
const INPUTS = {
  switch(setting, id, save) {
    const box = h("input", { type: "checkbox", id, checked: setting.value, role: "switch", onchange: save });
    return { element: box, focus: box, isInstant: true, value: () => box.checked, show: (value) => (box.checked = value) };
  },
  choice(setting, id, save) {
    const select = h("select", { id, onchange: save }, setting.choices.map((choice) => h("option", { value: choice }, choice)));
    select.value = setting.value;
    return { element: select, focus: select, isInstant: true, value: () => select.value, show: (value) => (select.value = value) };
  },
  choices(setting, id, save) {
    const boxes = setting.choices.map((choice) => h("input", { type: "checkbox", value: choice, onchange: save }));
    const order = (value) => boxes.forEach((box) => (box.checked = value.includes(box.value)));
    const labels = boxes.map((box) => h("label", { class: "check" }, box, box.value));
    const element = h("div", { class: "setting-choices", role: "group", id, "aria-labelledby": `${id}-label` }, labels);
    order(setting.value ?? []);
    return { element, focus: element, isInstant: true, value: () => boxes.filter((box) => box.checked).map((box) => box.value), show: order };
  },
  number(setting, id) {
    const { least, most, whole } = setting;
    const box = h("input", { type: "number", id, min: least, max: most, step: whole ? 1 : "any", value: setting.value ?? "" });
    // What a browser would round stays a text; what is no number is for the relay to refuse.
    const value = () => (box.value === "" ? (box.validity.badInput ? "?" : null) : box.value.length > 15 ? box.value : Number(box.value));
    return { element: box, focus: box, value, show: (shown) => (box.value = shown ?? "") };
  },
  text(setting, id) {
    const isLong = String(setting.value ?? "").length > 60;
    const box = isLong ? h("textarea", { id, rows: 3 }) : h("input", { type: "text", id });
    box.value = setting.value ?? "";
    const value = () => (box.value === "" && setting.default === null ? null : box.value);
    return { element: box, focus: box, value, show: (shown) => (box.value = shown ?? "") };
  },
  list(setting, id) {
    const box = h("textarea", { id, rows: Math.min(8, 1 + (setting.value?.length ?? 0)), placeholder: t("one a line") });
    const show = (value) => (box.value = (value ?? []).join("\n"));
    show(setting.value);
    return { element: box, focus: box, value: () => box.value.split("\n").map((line) => line.trim()).filter(Boolean), show };
  },
  secret(setting, id) {
    const box = h("input", { type: "password", id, autocomplete: "off" });
    const show = (isSet) => {
      box.value = "";
      box.placeholder = isSet ? t("set, and shown nowhere") : t("not set");
    };
    show(setting.value);
    return { element: box, focus: box, value: () => box.value, show };
  },
  table(setting, id) {
    const box = h("textarea", { id, rows: Math.min(12, 2 + String(setting.value).split("\n").length), class: "setting-table", spellcheck: "false" });
    box.value = setting.value ?? "";
    return { element: box, focus: box, value: () => box.value, show: (value) => (box.value = value ?? "") };
  },
};
