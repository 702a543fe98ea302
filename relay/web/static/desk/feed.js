// What was said and answered, joined; and support (subs, cheers, raids, rewards), which can be ticked off and told again.

import { h } from "./dom.js";
import { t } from "./texts.js";

export function feed() {
  return h("section", { class: "panel feed" }, h("h2", {}, t("Feed")));
}

export function support() {
  return h("section", { class: "panel support" }, h("h2", {}, t("Support")));
}
