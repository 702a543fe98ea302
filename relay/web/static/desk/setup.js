// Leads through the first visit, chapter by chapter. What each asks stands in the relay; setup/ shows it.

import { h } from "./dom.js";
import { t } from "./texts.js";

export function setup() {
  return h("section", { class: "panel setup" }, h("h2", {}, t("Set up")));
}
