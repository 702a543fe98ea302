// The strip that is always there: the floor, the microphone, a light for each connection, four big buttons.

import { h } from "./dom.js";
import { t } from "./texts.js";

export function strip() {
  return h("section", { class: "strip", "aria-label": t("Now") });
}
