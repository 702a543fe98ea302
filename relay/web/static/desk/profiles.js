// Named copies of the settings, and the file to take along: exported without secrets, imported after a check.

import { fill, guarded, h } from "./dom.js";
import { t } from "./texts.js";
import { told } from "./told.js";

// `changed(state)` is told when the settings are others.
export function profiles(connection, changed) {
  const list = h("ul", { class: "profiles" });
  const error = h("p", { class: "field-error", role: "alert" });
  const name = h("input", { type: "text", id: "profile-name", maxlength: "40" });
  const chosen = h("input", { type: "file", id: "settings-import", accept: ".toml,application/toml,text/plain", onchange: take });

  async function act(fields = {}) {
    try {
      const state = await connection.ask("profiles", fields);
      fill(error);
      show(state);
      if (fields.act === "switch") changed(state);
    } catch (refusal) {
      if (refusal.code !== "unknown") fill(error, told(refusal.message));
    }
  }

  function show({ profiles: names, current }) {
    fill(list, names.map((each) => item(each, each === current)));
  }

  function item(each, isCurrent) {
    const use = h("button", { type: "button", disabled: isCurrent, onclick: () => act({ act: "switch", name: each }) }, t("Use"));
    const drop = h("button", { type: "button", class: "plain" }, t("Delete"));
    guarded(drop, t("Sure?"), () => act({ act: "delete", name: each }));
    return h("li", {}, h("span", { class: "name" }, each), isCurrent ? h("span", { class: "tag" }, t("as now")) : null, use, drop);
  }

  async function give() {
    try {
      const { text, name: called } = await connection.ask("export");
      const address = URL.createObjectURL(new Blob([text], { type: "application/toml" }));
      h("a", { href: address, download: called }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (refusal) {
      fill(error, told(refusal.message));
    }
  }

  async function take() {
    const [file] = chosen.files;
    if (!file) return;
    try {
      const state = await connection.ask("import", { text: await file.text() });
      fill(error);
      changed(state);
    } catch (refusal) {
      fill(error, told(refusal.message));
    }
    chosen.value = "";
  }

  connection.addEventListener("change", () => connection.state === "open" && act());
  if (connection.state === "open") act();
  const save = () => act({ act: "save", name: name.value.trim() });
  return h(
    "div",
    { class: "settings-copies" },
    h("h3", {}, t("Profiles")),
    h("p", { class: "dim small" }, t("Copies of all settings, such as one for each game. Secrets are not in them: all share yours.")),
    list,
    h("div", { class: "actions" }, h("label", { for: "profile-name" }, t("Name")), name, h("button", { type: "button", onclick: save }, t("Save as they are now"))),
    h("h3", {}, t("Take along")),
    h("p", { class: "dim small" }, t("The file has no secrets in it. One that you bring is checked before it replaces your settings.")),
    h("div", { class: "actions" }, h("button", { type: "button", onclick: give }, t("Export")), h("label", { for: "settings-import" }, t("Import")), chosen),
    error,
  );
}
