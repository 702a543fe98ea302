// What is filled in: each field as an element, and how its value is read.

import { h } from "../dom.js";
import { t } from "../texts.js";
import { said } from "./phrases.js";

const FEW = 7; // options that are all seen at once; more are in a list to open
let number = 0;

const makers = { text: line, long, secret, one, many, switch: toggle };

// {name, element, read()}
export function field(given) {
  const id = `setup-${++number}`;
  const hint = given.hint && h("p", { class: "dim small", id: `${id}-hint` }, said(given.hint));
  return { name: given.name, ...makers[given.kind](given, id, hint) };
}

function labelled(given, control, hint) {
  if (hint) control.setAttribute("aria-describedby", hint.id);
  return h("div", { class: "setup-field" }, h("label", { for: control.id }, said(given.label)), control, hint);
}

function line(given, id, hint, type = "text") {
  const input = h("input", { id, type, value: given.value, dir: "auto", autocomplete: "off", spellcheck: "false" });
  return { element: labelled(given, input, hint), read: () => input.value };
}

function secret(given, id, hint) {
  const { element, read } = line(given, id, hint, "password");
  element.querySelector("input").setAttribute("autocomplete", "new-password");
  return { element, read };
}

function long(given, id, hint) {
  const area = h("textarea", { id, rows: 5, dir: "auto", value: given.value });
  return { element: labelled(given, area, hint), read: () => area.value };
}

function toggle(given, id, hint) {
  const input = h("input", { id, type: "checkbox" });
  input.checked = given.value === true;
  const label = h("label", { class: "check" }, input, said(given.label));
  return { element: h("div", { class: "setup-field" }, label, hint), read: () => input.checked };
}

function one(given, id, hint) {
  if (given.options.length >= FEW) return list(given, id, hint);
  const inputs = given.options.map((option) => choice("radio", id, option, option.value === given.value));
  return { element: group(given, inputs, hint), read: () => inputs.find(({ input }) => input.checked)?.input.value ?? "" };
}

function list(given, id, hint) {
  const options = given.options.map((option) => h("option", { value: option.value }, said(option.label)));
  const select = h("select", { id }, options);
  select.value = given.value;
  return { element: labelled(given, select, hint), read: () => select.value };
}

function many(given, id, hint) {
  const inputs = given.options.map((option) => choice("checkbox", id, option, given.value.includes(option.value)));
  return {
    element: group(given, inputs, hint),
    read: () => inputs.filter(({ input }) => input.checked).map(({ input }) => input.value),
  };
}

function choice(type, name, option, isChosen) {
  const input = h("input", { type, name, value: option.value });
  input.checked = isChosen;
  return { input, group: option.group, element: h("label", { class: "check" }, input, h("bdi", {}, said(option.label))) };
}

// Options with what stands above those that belong together.
function group(given, inputs, hint) {
  const parts = [];
  let above = "";
  for (const each of inputs) {
    if (each.group && each.group !== above) parts.push(h("p", { class: "setup-group" }, h("bdi", {}, each.group)));
    above = each.group;
    parts.push(each.element);
  }
  const none = inputs.length === 0 && h("p", { class: "dim" }, t("There are none."));
  return h("fieldset", { class: "setup-field" }, h("legend", {}, said(given.label)), parts, none, hint);
}
