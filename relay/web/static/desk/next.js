// What waits, in the order in which it would be heard.

import { h } from "./dom.js";
import { t } from "./texts.js";

export function next() {
  return h("section", { class: "panel next" }, h("h2", {}, t("Next")));
}
