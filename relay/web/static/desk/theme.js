// Light or dark: as the system has it, unless chosen here. Docks are dark, as OBS is.

import { dock } from "./address.js";

const STORED = "relay.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

export function theme() {
  return localStorage.getItem(STORED) ?? "system";
}

export function choose(wish) {
  localStorage.setItem(STORED, wish);
  apply();
}

function apply() {
  const wish = dock ? "dark" : theme();
  document.documentElement.dataset.theme = wish === "system" ? (system.matches ? "dark" : "light") : wish;
}

system.addEventListener("change", apply);
apply();
