// Links for moderators, press-once addresses and keys; each can be withdrawn.

import { h } from "./dom.js";
import { t } from "./texts.js";

export function links() {
  return h("section", { class: "panel links" }, h("h2", {}, t("Links")));
}
