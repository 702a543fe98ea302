// What somebody wrote, as it is shown: never as markup, with what hides made visible, marked where a filter took offence,
// and folded when it is long.

import { fill, h, visible } from "./dom.js";
import { t } from "./texts.js";

const LONG = 400; // characters shown of a long text at first

// `spans` are [begin, end] of what is marked.
export function said(text, spans = []) {
  const element = h("div", { class: "said", dir: "auto" });
  const shown = Math.max(LONG, ...spans.map(([, end]) => end + 20));
  const isLong = text.length > shown * 1.2;
  fill(element, marked(isLong ? cut(text, shown) : text, spans), isLong ? "…" : null);
  if (!isLong) return element;
  const more = h(
    "button",
    {
      type: "button",
      class: "plain",
      onclick: () => {
        fill(element, marked(text, spans));
        more.remove();
      },
    },
    t("Show all"),
  );
  return h("div", {}, element, more);
}

// Not between the two halves of a character.
function cut(text, end) {
  return text.slice(0, /[\ud800-\udbff]/.test(text[end - 1]) ? end - 1 : end);
}

function marked(text, spans) {
  const parts = [];
  let at = 0;
  for (const [begin, end] of [...spans].sort(([one], [other]) => one - other)) {
    if (begin < at || end <= begin || begin >= text.length) continue;
    parts.push(visible(text.slice(at, begin)), h("mark", {}, visible(text.slice(begin, end))));
    at = end;
  }
  return [...parts, visible(text.slice(at))];
}
