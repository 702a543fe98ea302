// A light for each connection. What is wrong, and what to do about it, is behind the light.

import { KeyedList, fill, h, say, set } from "./dom.js";
import { t } from "./texts.js";
import { told } from "./told.js";

const WORDS = { ok: t("works"), busy: t("connecting"), problem: t("needs you"), off: t("off") };

export function lights() {
  const element = h("ul", { class: "lights", "aria-label": t("Connections") });
  const panel = h("div", { class: "fix", id: "fix", role: "region", "aria-label": t("What is wrong"), hidden: true });
  let open = null; // the name of the light that was opened
  let shown = [];

  const list = new KeyedList(element, make, { key: ({ name }) => name });

  function make({ name }) {
    const label = h("span");
    const word = h("span", { class: "light-word" });
    const button = h(
      "button",
      { type: "button", class: "light", "aria-controls": "fix", onclick: () => toggle(name) },
      h("span", { class: "light-dot", "aria-hidden": "true" }),
      label,
      word,
    );
    function update(light) {
      say(label, told(light.label));
      say(word, WORDS[light.state] ?? light.state);
      set(button, "data-state", light.state);
      set(button, "aria-expanded", String(open === name));
    }
    return { element: h("li", {}, button), update };
  }

  function toggle(name) {
    open = open === name ? null : name;
    show(shown);
  }

  function show(all) {
    shown = all;
    list.show(all);
    const light = all.find(({ name }) => name === open);
    panel.hidden = !light;
    if (light) {
      const text = light.text ? told(light.text) : WORDS[light.state];
      const parts = [h("p", { dir: "auto" }, h("strong", {}, told(light.label)), ` ${text}`), light.fix ? h("p", { dir: "auto" }, told(light.fix)) : null];
      if (panel.textContent !== h("div", {}, parts).textContent) fill(panel, parts);
    }
  }

  return { element, panel, show };
}
