// The chapters of the set-up: what is set already, and what may come next.

import { h, fill, say } from "../dom.js";
import { n, t } from "../texts.js";
import { said } from "./phrases.js";

// `begin(name)` opens a chapter, `look()` the captions.
export function chapters({ begin, look }) {
  const heading = h("h2", { tabindex: "-1" }, t("Set up"));
  const about = h("p", { class: "dim" });
  const done = h("div", { class: "setup-done", role: "status", hidden: true });
  const rows = h("ol", { class: "setup-chapters" });
  const element = h("div", {}, h("div", { class: "panel-head" }, heading), about, done, rows);
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
    const left = state.chapters.filter((chapter) => chapter.set === null).length;
    say(about, left === 0 ? t("Everything is set up. Each part can be changed here.") : told(left));
  }

  function told(left) {
    const rest = n("{count} part is not set up.", "{count} parts are not set up.", left);
    return `${rest} ${t("Each can be skipped, and done later.")}`;
  }

  // A chapter was finished: lead on to the next one that is not set.
  function finished(state) {
    const saved = state.chapters.find((chapter) => chapter.name === state.saved);
    const next = state.chapters.find((chapter) => chapter.set === null);
    done.hidden = !saved;
    if (!saved) return;
    const title = said(saved.title);
    const on = next && h("button", { class: "primary", type: "button", onclick: () => begin(next.name) }, t("Go on: {title}", { title: said(next.title) }));
    fill(done, h("p", {}, t("{title} is saved. It counts from the next start on.", { title })), h("div", { class: "actions" }, on));
  }

  return { element, update, finished };
}
