// The views of the whole page, one seen at a time, and the layouts of the docks.
// A view is made when it is first opened and asleep while it is not seen.

import { decide } from "./decide.js";
import { h, say, set } from "./dom.js";
import { feed } from "./feed.js";
import { links } from "./links.js";
import { next } from "./next.js";
import { rules } from "./rules.js";
import { settings } from "./settings.js";
import { setup } from "./setup.js";
import { support } from "./support.js";
import { t } from "./texts.js";
import { tryOut } from "./try.js";

const VIEWS = [
  { id: "live", title: t("Live"), make: live },
  { id: "support", title: t("Support"), make: support },
  { id: "rules", title: t("Rules"), make: rules },
  { id: "try", title: t("Try"), make: tryOut },
  { id: "setup", title: t("Set up"), make: setup, owner: true, settings: true },
  { id: "settings", title: t("Settings"), make: settings, owner: true, settings: true },
  { id: "links", title: t("Links"), make: links, owner: true },
];

const DOCKS = { all: [decide, next], next: [next], decide: [decide], feed: [feed] };

function live(connection) {
  const aside = h("div", { class: "live-side" }, decide(connection), next(connection));
  return h("div", { class: "live" }, aside, feed(connection));
}

export function dockLayout(connection, which) {
  return h("div", { class: "dock-parts" }, (DOCKS[which] ?? DOCKS.all).map((make) => make(connection)));
}

// Navigation and the place where views are seen: {nav, main}. The address' # names the view.
export function navigation(connection) {
  const heading = h("h1", { class: "unseen" });
  const main = h("main", { id: "main", tabindex: "-1" }, heading);
  const opened = new Map();
  const entries = VIEWS.map((view) => {
    const link = h("a", { href: `#${view.id}` }, view.title);
    return { view, link, item: h("li", {}, link) };
  });
  let current = null;

  function open() {
    const { role, settings: are } = connection.hello ?? {};
    if (are === "new" && role !== "moderator" && !location.hash) location.replace("#setup"); // a first visit
    const allowed = entries.filter(({ view }) => (role !== "moderator" || !view.owner) && (are !== "none" || !view.settings));
    const { view } = allowed.find((entry) => entry.view.id === location.hash.slice(1)) ?? allowed[0];
    for (const entry of entries) {
      entry.item.hidden = !allowed.includes(entry);
      set(entry.link, "aria-current", entry.view === view ? "page" : null);
    }
    if (current !== view) turn(view);
  }

  function turn(view) {
    if (current) leave(opened.get(current));
    current = view;
    say(heading, view.title);
    if (!opened.has(view)) {
      const part = connection.part();
      const element = h("div", { class: "view" }, view.make(part));
      opened.set(view, { part, element });
      main.append(element);
    }
    for (const [one, { element }] of opened) element.hidden = one !== view;
    opened.get(view).part.wake();
    scrollTo(0, 0);
  }

  function leave({ part, element }) {
    for (const dialog of element.querySelectorAll("dialog[open]")) dialog.close(); // unseen, it would block the page
    part.sleep();
  }

  addEventListener("hashchange", open);
  connection.addEventListener("change", open);
  open();
  const list = h("ul", {}, entries.map(({ item }) => item));
  return { nav: h("nav", { "aria-label": t("Views") }, list), main };
}
