// The chapters of the set-up: what is set already, and what may come next.

import { h, fill, say } from "../dom.js";
import { n, t } from "../texts.js";
import { said } from "./phrases.js";

// `begin(name)` opens a chapter, `look()` the captions, and `restart()` has what was changed count.
export function chapters({ begin, look, restart }) {
  const heading = h("h2", { tabindex: "-1" }, t("Set up"));
  const about = h("p", { class: "dim" });
  const done = h("p", { role: "status" });
  const on = h("button", { type: "button", hidden: true });
  const again = h("button", { class: "primary", type: "button", hidden: true, onclick: restart }, t("Restart now"));
  const after = h("div", { class: "setup-done", hidden: true }, done, h("div", { class: "actions" }, again, on));
  let next = null;
  on.addEventListener("click", () => begin(next.name));
  const rows = h("ol", { class: "setup-chapters" });
  const element = h("div", {}, h("div", { class: "panel-head" }, heading), about, after, rows);
  let entries = new Map();

  function row(chapter) {
    const is = h("p", { class: "small" });
    const button = h("button", { type: "button", onclick: () => begin(chapter.name) });
    const words = h("div", {}, h("h3", {}, said(chapter.title)), h("p", { class: "dim small" }, said(chapter.about)), is);
    return { is, button, element: h("li", { "data-chapter": chapter.name }, words, button) };
  }

  function lookRow() {
    const words = h(
      "div",
      {},
      h("h3", {}, t("How captions look")),
      h("p", { class: "dim small" }, t("Their size, place and look, with a preview, and the address for OBS.")),
    );
    return h("li", { "data-chapter": "look" }, words, h("button", { type: "button", onclick: look }, t("Choose")));
  }

  function build(state) {
    entries = new Map(state.chapters.map((chapter) => [chapter.name, row(chapter)]));
    fill(rows, [...entries.values()].map((entry) => entry.element), lookRow());
  }

  function update(state) {
    if (entries.size !== state.chapters.length) build(state);
    for (const chapter of state.chapters) {
      const { is, button } = entries.get(chapter.name);
      const isSet = chapter.set !== null;
      is.classList.toggle("setup-is", isSet);
      say(is, isSet ? `✓ ${said(chapter.set)}` : t("Not set up"));
      const words = isSet ? t("Change") : t("Begin");
      say(button, words);
      button.setAttribute("aria-label", `${words}: ${said(chapter.title)}`);
      button.classList.toggle("primary", !isSet);
    }
    const left = state.chapters.filter((chapter) => chapter.set === null);
    say(about, left.length === 0 ? t("Everything is set up. Each part can be changed here.") : told(left.length));
    after.hidden = !state.restart && state.saved === null;
    again.hidden = !state.restart;
    say(done, [saved(state), state.restart && t("What was changed counts after a restart.")].filter(Boolean).join(" "));
    next = left[0] ?? null;
    on.hidden = state.saved === null || next === null;
    if (next) say(on, t("Go on: {title}", { title: said(next.title) }));
  }

  function saved(state) {
    const chapter = state.chapters.find(({ name }) => name === state.saved);
    return chapter && t("{title} is saved.", { title: said(chapter.title) });
  }

  function told(left) {
    const rest = n("{count} part is not set up.", "{count} parts are not set up.", left);
    return `${rest} ${t("Each can be skipped, and done later.")}`;
  }

  return { element, update };
}
