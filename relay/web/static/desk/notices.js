// Short words about what was just done, and what screen readers are told. Both wait for their turn and then go.

import { h, say } from "./dom.js";
import { t } from "./texts.js";
import { told } from "./told.js";

const SHOWN_FOR = 5000; // milliseconds
const FAILURE_FOR = 10_000;
const ANNOUNCE_EVERY = 5000; // milliseconds between two announcements: a reader must be able to finish

const list = h("div", { class: "notices", role: "status" });
const spoken = h("p", { class: "unseen", "aria-live": "polite" });
let waiting = null;
let timer = null;

export const notices = [list, spoken];

export function notify(text, { failed = false } = {}) {
  const close = h("button", { class: "plain", type: "button", "aria-label": t("Close"), onclick: () => notice.remove() }, "×");
  const notice = h("p", { class: failed ? "notice failed" : "notice", dir: "auto" }, h("span", {}, text), close);
  while (list.children.length > 2) list.firstElementChild.remove();
  list.append(notice);
  setTimeout(() => notice.remove(), failed ? FAILURE_FOR : SHOWN_FOR);
}

// For an event handler: tells why it failed, and answers undefined then.
export async function attempt(promise, { done = null } = {}) {
  try {
    const answer = await promise;
    if (done !== null) notify(typeof done === "function" ? done(answer) : done);
    return answer;
  } catch (failure) {
    notify(told(failure.message), { failed: true });
    return undefined;
  }
}

// For an event handler that asks for something: a second press while the first one is under way does nothing.
export function once(act) {
  let pending = null;
  return () => {
    pending ??= act().finally(() => {
      pending = null;
    });
  };
}

// Put what stands in a field on the clipboard. A page that came over http from another computer has the old way alone.
export async function copy(field) {
  field.select();
  await attempt(put(field.value), { done: t("Copied.") });
}

async function put(selected) {
  if (navigator.clipboard) await navigator.clipboard.writeText(selected);
  else if (!document.execCommand("copy")) throw new Error(t("The browser did not copy it. It is selected: copy it yourself."));
}

// Told to screen readers when they have had time for the last one; only the newest waits.
export function announce(text) {
  waiting = text;
  timer ??= setTimeout(tell, 0);
}

function tell() {
  if (waiting === null) {
    timer = null;
    return;
  }
  say(spoken, waiting);
  waiting = null;
  timer = setTimeout(tell, ANNOUNCE_EVERY);
}
