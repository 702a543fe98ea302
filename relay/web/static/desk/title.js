// A mark in the page's title and icon while something is held, to be seen among other tabs.

import { t } from "./texts.js";

const icon = document.querySelector("link[rel=icon]");

export function mark(held) {
  const title = "Voxta Relay";
  document.title = held > 0 ? `(${held}) ${t("to decide")} · ${title}` : title;
  icon.href = `data:image/svg+xml,${encodeURIComponent(drawn(held > 0))}`;
}

function drawn(isHeld) {
  const dot = isHeld ? '<circle cx="24" cy="8" r="8" fill="#ffb020"/>' : "";
  const wave = '<path d="M8 13v6M13 9v14M19 12v8M24 14v4" stroke="#fff" stroke-width="3" stroke-linecap="round"/>';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#4338b8"/>${wave}${dot}</svg>`;
}

mark(0);
