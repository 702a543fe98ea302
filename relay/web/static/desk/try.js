// Try things out without an audience: pretended messages, a sentence, the microphone, the overlay.

import { h } from "./dom.js";
import { t } from "./texts.js";

export function tryOut() {
  return h("section", { class: "panel try" }, h("h2", {}, t("Try")));
}
