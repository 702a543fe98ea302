// Controls for what an action takes, made from its JSON schema: {elements, values()}.

import { h } from "./dom.js";
import { number, t } from "./texts.js";

// With `names`, what is explained is named as well, as the settings file calls it.
export function fieldsFor(schema, { names = false } = {}) {
  const needed = schema.required ?? [];
  const controls = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const shape = resolved(property, schema);
    return { name, control: controlFor(shape, needed.includes(name)), shape, about: t(property.description ?? name) };
  });
  const elements = controls.map(({ name, control, about }) => {
    control.name = name;
    return labelled(names && about !== name ? [name, h("span", { class: "dim small" }, ` ${about}`)] : about, control);
  });
  return { elements, values: () => Object.fromEntries(controls.flatMap(value)) };
}

let labels = 0;

// A control with its label above it.
export function labelled(text, control) {
  control.id = `field-${++labels}`;
  return h("div", { class: "labelled" }, h("label", { for: control.id }, text), control);
}

// What is behind a reference, or behind "this or nothing".
function resolved(property, schema) {
  if (property.$ref) return schema.$defs[property.$ref.split("/").pop()];
  const option = property.anyOf?.find((each) => each.type !== "null");
  return option ? { ...property, ...resolved(option, schema) } : property;
}

function controlFor(shape, isNeeded) {
  const required = isNeeded && !shape.anyOf;
  if (shape.enum) return h("select", {}, shape.enum.map((each) => h("option", { value: each, selected: each === shape.default }, each)));
  if (shape.type === "boolean") return h("input", { type: "checkbox", checked: shape.default });
  if (isNumber(shape)) {
    const { minimum, maximum } = shape;
    const placeholder = maximum === undefined ? null : `${number(minimum ?? 0)}–${number(maximum)}`;
    return h("input", { type: "number", step: "any", min: minimum, max: maximum, required, placeholder });
  }
  return h("input", { maxlength: shape.maxLength, required, value: shape.default ?? "", autocomplete: "off" });
}

function isNumber({ type }) {
  return type === "number" || type === "integer";
}

// What was left empty is left out, but for a number that has to be told: there, nothing means "as configured".
function value({ name, control, shape }) {
  if (control.type === "checkbox") return [[name, control.checked]];
  if (control.value === "") return shape.anyOf ? [[name, null]] : [];
  return [[name, isNumber(shape) ? Number(control.value) : control.value]];
}
