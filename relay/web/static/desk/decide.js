// What is held and waits for a decision.

import { h } from "./dom.js";
import { t } from "./texts.js";

export function decide() {
  return h("section", { class: "panel decide" }, h("h2", {}, t("Decide")));
}
