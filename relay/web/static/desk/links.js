// Links for moderators and keys that do one act. The address of each is shown once; each can be withdrawn.

import { at } from "../places.js";
import { guarded, h, fill, KeyedList, name } from "./dom.js";
import { fieldsFor, labelled } from "./fields.js";
import { attempt, copy } from "./notices.js";
import { language, t } from "./texts.js";

// What keys are mostly for comes first, under the words of the big buttons.
const LABELS = {
  silence: t("Silence"),
  skip: t("Skip"),
  pause: t("Pause"),
  resume: t("Go on"),
  toggle_pause: t("Pause, or go on"),
  emergency: t("Emergency"),
  approve: t("Approve what is held"),
  reject: t("Reject what is held"),
  mode: t("Whose chat is heard"),
  volume: t("Volume"),
  rate: t("Messages a minute"),
  clear: t("Clear what waits"),
};
const ORDER = Object.keys(LABELS);
const LOCAL = ["localhost", "127.0.0.1", "[::1]"];

export function links(connection) {
  const needsToken = h(
    "p",
    { class: "warning", hidden: true },
    t("Set a token first (web.token in the settings): without one, everybody who reaches this relay may do all that you may."),
  );
  const invite = inviteForm(connection);
  const key = keyForm(connection);
  const empty = h("p", { class: "empty" }, t("There are none yet."));
  const list = h("ul", { class: "links-list" });
  const rows = new KeyedList(list, (link) => row(connection, link));

  connection.watch("links", (state) => {
    needsToken.hidden = state.has_token;
    invite.querySelector("button").disabled = !state.has_token;
    key.offer(state.acts);
    rows.show(state.links);
    empty.hidden = state.links.length > 0;
  });

  return h(
    "div",
    { class: "links" },
    part(
      t("Links for moderators"),
      t("Who opens such a link sees this page without set-up, settings and links, and does everything under the name you give."),
      needsToken,
      invite,
    ),
    part(
      t("Buttons elsewhere"),
      t("An address that does one act when it is opened: for Stream Deck, Streamer.bot, or whatever opens addresses."),
      key.form,
    ),
    part(t("Given out"), t("What you withdraw ends at once, with every page that is open by it."), empty, list),
  );
}

function part(title, about, ...content) {
  return h("section", { class: "panel" }, h("h2", {}, title), h("p", { class: "dim" }, about), ...content);
}

function inviteForm(connection) {
  const who = h("input", { name: "name", required: true, maxlength: 40, autocomplete: "off" });
  const place = h("div", { role: "status" });
  const form = h(
    "form",
    { class: "links-form" },
    labelled(t("Name"), who),
    h("button", { class: "primary", type: "submit" }, t("Make a link")),
    place,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const made = await attempt(connection.ask("invite", { name: who.value }));
    if (!made) return;
    who.value = "";
    fill(place, shownOnce(made));
  });
  return form;
}

function keyForm(connection) {
  const what = h("input", { name: "name", required: true, maxlength: 40, autocomplete: "off" });
  const choice = h("select", { name: "do" });
  const place = h("div", { role: "status" });
  const taken = h("div", { class: "links-fields" });
  let acts = [];
  let known = "";
  let fields = null;

  function turn() {
    const act = acts.find((each) => each.name === choice.value);
    fields = act ? fieldsFor(act.fields) : null;
    fill(taken, fields?.elements ?? []);
  }

  function offer(offered) {
    const kept = choice.value;
    if (known === JSON.stringify(offered)) return; // what is being filled in stays
    known = JSON.stringify(offered);
    acts = [...offered].sort((one, other) => placeOf(one) - placeOf(other));
    fill(choice, acts.map((act) => h("option", { value: act.name }, LABELS[act.name] ?? t(act.summary))));
    choice.value = acts.some((act) => act.name === kept) ? kept : acts[0]?.name;
    turn();
  }

  choice.addEventListener("change", turn);
  const form = h(
    "form",
    { class: "links-form" },
    labelled(t("Name"), what),
    labelled(t("Does"), choice),
    taken,
    h("button", { class: "primary", type: "submit" }, t("Make a key")),
    place,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = { name: what.value, do: choice.value, fields: fields?.values() ?? {} };
    const made = await attempt(connection.ask("key", asked));
    if (!made) return;
    what.value = "";
    fill(place, shownOnce(made));
  });
  return { form, offer };
}

function placeOf(act) {
  return ORDER.includes(act.name) ? ORDER.indexOf(act.name) : ORDER.length;
}

// The secret is in the address, and nobody is told it again.
function shownOnce({ name: whose, path, address: known }) {
  const address = h("input", { readonly: true, value: known ?? at(path).href, "aria-label": t("Address") });
  const take = h("button", { type: "button", onclick: () => copy(address) }, t("Copy"));
  const elsewhere = h("p", { class: "dim small" }, t("For another machine, put the name or address of this one in place of {host}.", { host: location.hostname }));
  return h(
    "div",
    { class: "links-made" },
    h("p", {}, t("The address for {name}. It is shown this once: copy it now.", { name: whose })),
    h("div", { class: "actions" }, address, take),
    known === undefined && LOCAL.includes(location.hostname) ? elsewhere : null,
  );
}

function row(connection, link) {
  const about = h("span", { class: "dim small" });
  const withdraw = h("button", { type: "button", class: "bad", "aria-label": t("Withdraw {name}", { name: link.name }) }, t("Withdraw"));
  guarded(withdraw, t("Sure?"), () => attempt(connection.ask("withdraw", { id: link.id }), { done: t("Withdrawn.") }));
  const words = h("div", { class: "links-words" }, h("strong", {}, name(link.name)), " ", h("span", { class: "tag" }, kind(link)), h("br"), about);
  const element = h("li", {}, words, withdraw);
  return { element, update: (now) => fill(about, used(now)) };
}

function kind({ act }) {
  if (!act) return t("Moderator");
  const given = Object.values(act.fields).filter((value) => value !== null);
  return [LABELS[act.do] ?? act.do, ...given.map(String)].join(" ");
}

function used({ created, used: last }) {
  if (last === null) return t("made {date}, never used", { date: date(created) });
  return t("made {date}, last used {last}", { date: date(created), last: date(last) });
}

function date(secondsAgo) {
  const format = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  return format.format(new Date(Date.now() - secondsAgo * 1000));
}
