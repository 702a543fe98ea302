// How loud the microphone is, and from where on it counts as speech.

import { h, say, set } from "./dom.js";
import { t } from "./texts.js";

export const FLOOR = -60; // dBFS at the left end; quieter is as good as silence

// Where a level stands on the meter, from 0 to 1.
export function place(decibels) {
  return Math.min(1, Math.max(0, (decibels - FLOOR) / -FLOOR));
}

export function meter() {
  const words = h("span", { class: "meter-words" });
  const bar = h("div", {
    class: "meter",
    role: "meter",
    "aria-label": t("Microphone"),
    "aria-valuemin": "0",
    "aria-valuemax": "100",
    "aria-valuenow": "0",
  });
  const element = h("div", { class: "microphone", hidden: true }, h("span", { class: "dim" }, t("Microphone")), bar, words);

  // {level, threshold} in dBFS; null where no microphone is listened to.
  function show(microphone) {
    element.hidden = !microphone;
    if (!microphone) return;
    const { level, threshold } = microphone;
    const over = level !== null && level >= threshold;
    const loud = level === null ? 0 : place(level);
    bar.style.setProperty("--level", loud.toFixed(3));
    bar.style.setProperty("--threshold", place(threshold).toFixed(3));
    bar.classList.toggle("over", over);
    set(bar, "aria-valuenow", Math.round(loud * 100));
    set(bar, "aria-valuetext", over ? t("counts as speech") : t("quiet"));
    say(words, level === null ? t("silent") : over ? t("speech") : t("quiet"));
  }

  return { element, show };
}
