// Asks for one more entry of a setting that is a list of tables, such as a command.

import { fill, h } from "./dom.js";
import { fieldsFor } from "./fields.js";
import { t } from "./texts.js";

// `add(toml)` is told the entry as the file has it, and answers what is wrong with it, nothing where it was taken.
export function entryForm({ key, entry }, add) {
  const place = h("div", { class: "setting-entry" });
  const error = h("p", { class: "field-error", role: "alert" });
  const form = h("form", {}, place, error, h("button", { type: "submit", class: "primary" }, t("Add")));
  let fields;

  function begin() {
    fields = fieldsFor(entry, { names: true });
    fill(place, fields.elements);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = await add(asToml(key, fields.values(), entry.properties));
    fill(error, wrong);
    if (!wrong) begin();
  });
  begin();
  return h("details", {}, h("summary", {}, t("Add an entry")), form);
}

// What is as it would be anyway is left out. TOML writes plain values as JSON does.
function asToml(key, values, properties) {
  const told = Object.entries(values).filter(([name, value]) => value !== properties[name].default);
  return [`[[${key}]]`, ...told.map(([name, value]) => `${name} = ${JSON.stringify(value)}`), ""].join("\n");
}
