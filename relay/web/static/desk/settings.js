// Every setting, with its explanation; changed in the settings file.

import { h } from "./dom.js";
import { t } from "./texts.js";

export function settings() {
  return h("section", { class: "panel settings" }, h("h2", {}, t("Settings")));
}
