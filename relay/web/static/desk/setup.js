// Leads through the first visit: Twitch, Discord, Voxta or a companion, OBS. The steps are in setup/.

import { h } from "./dom.js";
import { t } from "./texts.js";

export function setup() {
  return h("section", { class: "panel setup" }, h("h2", {}, t("Set up")));
}
