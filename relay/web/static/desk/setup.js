// Leads through the first visit, chapter by chapter. What each asks stands in the relay; setup/ shows it.

import { h } from "./dom.js";
import { attempt } from "./notices.js";
import { captions } from "./setup/captions.js";
import { chapters } from "./setup/chapters.js";
import { Conversation } from "./setup/conversation.js";
import { t } from "./texts.js";

export function setup(connection) {
  const list = chapters({ begin, restart, look: () => show(look) });
  const conversation = new Conversation(connection);
  const look = captions(connection, { back: () => show(list.element) });
  const places = [list.element, conversation.element, look];
  let state = null;

  function show(place) {
    for (const one of places) one.hidden = one !== place;
    if (place !== conversation.element) place.querySelector("h2, h3")?.focus();
  }

  function begin(name) {
    attempt(connection.ask("setup_open", { chapter: name }));
  }

  function restart() {
    attempt(connection.ask("restart"), { done: t("The relay begins anew.") });
  }

  connection.watch("setup", (now) => {
    const was = state;
    state = now;
    list.update(now);
    if (now.open) {
      show(conversation.element);
      conversation.update(now);
    } else {
      conversation.end();
      if (was?.open) show(list.element);
    }
  });
  show(list.element);
  return h("section", { class: "panel setup", "aria-label": t("Set up") }, places);
}
