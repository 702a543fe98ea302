// Every setting, with its explanation; changed in the settings file, which keeps its remarks.

import { fill, h } from "./dom.js";
import { profiles } from "./profiles.js";
import { settingRow } from "./setting-row.js";
import { n, t } from "./texts.js";
import { told } from "./told.js";

export function settings(connection) {
  const search = h("input", { type: "search", id: "settings-search", oninput: () => filter() });
  const differing = h("input", { type: "checkbox", onchange: () => filter() });
  const problem = h("div", { class: "settings-problem", role: "status", hidden: true });
  const bar = h("div", { class: "settings-restart", role: "status", hidden: true });
  const empty = h("p", { class: "empty", hidden: true }, t("No setting fits."));
  const file = h("p", { class: "dim small said" });
  const groups = h("div", { class: "settings-groups" });
  const copies = profiles(connection, (state) => arrived(state, true));
  let rows = [];

  // What is being typed stays, unless all of it is others now.
  async function load({ isAnew = false } = {}) {
    if (connection.state !== "open") return;
    try {
      show(await connection.ask("settings"), isAnew ? [] : rows.filter((row) => row.isTyped()));
    } catch (error) {
      tell(error.code === "unknown" ? t("This relay runs without a settings file, as the demo does.") : error.message);
    }
  }

  function show(state, kept) {
    const focused = document.activeElement;
    fill(file, t("They stand in {file}.", { file: state.file }));
    const sections = state.sections.map((section) => group(section, state.settings, kept));
    rows = sections.flatMap((section) => section.rows);
    fill(groups, sections.map((section) => section.element));
    focused?.focus({ preventScroll: true }); // a row that is kept has moved
    arrived(state);
    tell(state.problem?.text ?? "");
    for (const { key, text } of state.problem?.mistakes ?? []) rows.find((row) => row.key === key)?.complain(text);
    filter();
  }

  function group({ name, about }, all, kept) {
    const own = all
      .filter((setting) => setting.section === name)
      .map((setting) => kept.find(({ key }) => key === setting.key) ?? settingRow(connection, setting, (state) => arrived(state)));
    const title = h("summary", {}, h("h3", {}, name), about ? h("span", { class: "dim" }, t(about)) : null);
    const element = h("details", { class: "settings-group", open: true }, title, own.map((row) => row.element));
    for (const row of own) row.group = element;
    return { element, rows: own };
  }

  // What changed waits for a restart, unless it is as it runs already.
  function arrived(state, isAnew = false) {
    const waiting = state.waiting ?? [];
    for (const row of rows) row.wait(waiting.includes(row.key));
    bar.hidden = waiting.length === 0 && !state.mending;
    const words = state.mending
      ? t("The relay runs with the usual settings until yours are mended.")
      : n("{count} change needs a restart.", "{count} changes need a restart.", waiting.length);
    fill(bar, h("span", {}, words), h("button", { type: "button", class: "primary", onclick: restart }, t("Restart now")));
    if (isAnew) load({ isAnew });
  }

  async function restart() {
    try {
      await connection.ask("restart");
      fill(bar, h("span", {}, t("The relay begins anew. This page comes back by itself.")));
    } catch (error) {
      if (error.code === "away") return;
      tell(error.message);
      rows.find((row) => row.key === error.field)?.complain(error.message);
    }
  }

  function tell(text) {
    problem.hidden = !text;
    fill(problem, text ? [h("strong", {}, t("These settings do not work:")), h("p", { class: "said" }, told(text))] : []);
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = rows.filter((row) => {
      const fits = words.every((word) => row.text.includes(word)) && (!differing.checked || row.differs());
      row.element.hidden = !fits;
      return fits;
    });
    for (const element of groups.children) element.hidden = !shown.some((row) => row.group === element);
    empty.hidden = shown.length > 0 || rows.length === 0;
  }

  connection.addEventListener("change", () => load());
  load();
  const tools = h(
    "div",
    { class: "settings-tools" },
    h("label", { for: "settings-search" }, t("Search the settings")),
    search,
    h("label", { class: "check" }, differing, t("Only what differs from the default")),
  );
  return h("section", { class: "panel settings" }, h("h2", {}, t("Settings")), file, problem, bar, tools, empty, groups, copies);
}
