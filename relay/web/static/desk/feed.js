// What was said and what was answered, joined; what was heard stands apart from what was cut off.

import { fill, h, name, say, set } from "./dom.js";
import { bind } from "./keys.js";
import { Rows } from "./rows.js";
import { n, number, t } from "./texts.js";
import { told } from "./told.js";
import { viewer } from "./viewer.js";
import { at, deed, outcome, OUTCOME_NAMES, place } from "./wording.js";

const KEPT = 10_000; // rows, as many as the relay keeps
const TYPING = 250; // milliseconds without a key after which the relay is asked for older rows
const SUPPORT = new Set(["follow", "subscribe", "resubscribe", "gift", "cheer", "raid", "redemption", "upgrade", "pay_it_forward", "charity", "watch_streak", "bits_badge_tier", "member", "boost"]);

// The rows of one of the relay's logs, oldest first. `onchange` is called after each change.
export class Log {
  constructor(connection, topic, onchange) {
    this.connection = connection;
    this.topic = topic;
    this.onchange = onchange;
    this.rows = [];
    this.byId = new Map();
    this.total = 0; // as the relay counts them
    this.from = new Map(); // text → the number from which on no row that holds it is missing; "" for all rows
    connection.watch(topic, (news) => this.take(news));
  }

  take({ anew, total, rows }) {
    if (anew) {
      this.byId.clear();
      this.from = new Map([["", rows[0]?.n ?? 0]]);
    }
    this.total = total;
    this.merge(rows);
    this.onchange();
  }

  merge(rows) {
    const told = Date.now(); // their ages count from here
    for (const row of rows) this.byId.set(row.id, { ...row, told });
    this.rows = [...this.byId.values()].sort((one, other) => one.n - other.n);
    for (const row of this.rows.splice(0, Math.max(0, this.rows.length - KEPT))) this.byId.delete(row.id);
  }

  // Have rows from before those that are there, with a text only those that hold it: whether there may be more.
  async older(text = "") {
    const { from } = this;
    const before = from.get(text) ?? from.get("");
    if (!before) return false;
    try {
      const rows = await this.connection.ask("older", { topic: this.topic, before, text: text.slice(0, 200) });
      if (from !== this.from) return true; // all was told anew meanwhile
      const oldest = rows[0]?.n ?? 0;
      from.set(text, oldest);
      this.merge(rows);
      this.onchange();
      return oldest > 0;
    } catch {
      return false; // it is asked for again when something happens, or somebody scrolls on
    }
  }
}

// `title`: where it stands in another view, and is not the feed that the key for searching means.
export function feed(connection, { title = null } = {}) {
  const panel = viewer(connection);
  const choice = filters(() => chosen());
  const count = h("span", { class: "dim small", role: "status" });
  const empty = h("p", { class: "empty" }, t("Nothing yet. What your audience says and what the companion answers stands here; under Try you can pretend something."));
  const open = (item) => item.row.viewer && panel.open(item.row);
  const list = new Rows({ label: title ?? t("Feed"), key: ({ row }) => row.id, make: (item) => entry(item, open), open, atTop: () => older() });
  const log = new Log(connection, "feed", () => refresh());
  const joined = new Map(); // id → {row, reply}, the same object for as long as both are the same
  let sought = ""; // what older rows have to hold
  let timer = null;

  function refresh() {
    const items = log.rows.filter((row) => !isJoined(row)).map(item);
    const wanted = items.filter(choice.fits);
    if (joined.size > 2 * log.rows.length + 1000) joined.clear();
    choice.offer(log.rows);
    empty.hidden = items.length > 0;
    list.show(wanted);
    say(count, wanted.length === items.length ? "" : t("{shown} of {all}", { shown: number(wanted.length), all: number(items.length) }));
  }

  // An answer stands with the last message that it answers.
  function isJoined(row) {
    return row.type === "reply" && row.asked.length > 0 && log.byId.has(row.asked.at(-1).id);
  }

  function item(row) {
    const reply = row.reply ? log.byId.get(row.reply) : undefined;
    const own = reply?.asked.at(-1)?.id === row.id ? reply : undefined;
    const known = joined.get(row.id);
    if (known && known.row === row && known.reply === own) return known;
    const made = { row, reply: own };
    joined.set(row.id, made);
    return made;
  }

  function chosen() {
    refresh();
    clearTimeout(timer);
    timer = setTimeout(seek, TYPING);
  }

  function seek() {
    sought = choice.text();
    list.reach();
  }

  async function older() {
    const text = sought;
    if (choice.text() !== text) return false; // who is typing yet is waited for
    return (await log.older(text)) || sought !== text;
  }

  if (title === null) bind("/", () => choice.search.focus());
  const head = h("div", { class: "panel-head" }, h("h2", {}, title ?? t("Feed")), count);
  return h("section", { class: "panel feed" }, head, choice.element, empty, list.element, panel.element);
}

// Which rows are shown.
function filters(change) {
  const search = h("input", { type: "search", placeholder: t("Search"), "aria-label": t("Search the feed"), maxlength: 200, oninput: () => change() });
  const what = select(t("What is shown"), { all: t("Everything"), said: t("Said"), support: t("Support"), answers: t("Answers"), pretended: t("Pretended") });
  const outcomes = select(t("What became of it"), { all: t("Any outcome"), ...OUTCOME_NAMES });
  const platforms = select(t("Platform"), { all: t("Everywhere") });
  const known = new Set();
  const groups = {
    all: () => true,
    said: ({ row }) => row.type === "own" || (row.type === "message" && !SUPPORT.has(row.kind)),
    support: ({ row }) => SUPPORT.has(row.kind),
    answers: ({ row, reply }) => row.type === "reply" || row.type === "post" || reply !== undefined,
    pretended: ({ row }) => row.pretended,
  };

  function select(label, options) {
    const made = Object.entries(options).map(([value, text]) => h("option", { value }, text));
    return h("select", { "aria-label": label, onchange: () => change() }, made);
  }

  function fits(item) {
    const { row, reply } = item;
    if (!groups[what.value](item)) return false;
    if (platforms.value !== "all" && row.platform !== platforms.value) return false;
    if (outcomes.value !== "all" && (row.type !== "message" || (row.outcome ?? "waiting") !== outcomes.value)) return false;
    const text = search.value.trim().toLowerCase();
    return !text || [row.who, row.text, row.detail, reply?.text].some((one) => one?.toLowerCase().includes(text));
  }

  function offer(rows) {
    for (const { platform } of rows) {
      if (!platform || known.has(platform)) continue;
      known.add(platform);
      platforms.append(h("option", { value: platform }, place(platform)));
    }
  }

  const element = h("div", { class: "filters", role: "search" }, search, what, platforms, outcomes);
  return { element, search, fits, offer, text: () => search.value.trim() };
}

// One row of the feed.
function entry(item, open) {
  const head = h("div", { class: "entry-head" });
  const said = h("p", { class: "said", dir: "auto" });
  const answer = h("div", { class: "answer" });
  const element = h("article", { class: "entry" }, head, said, answer);
  const more = h("button", { class: "plain more", type: "button", onmousedown: (event) => event.preventDefault(), onclick: (event) => open(item, event) }, "⋯");

  function update(now) {
    const { row, reply } = (item = now);
    element.className = `entry ${row.type}`;
    set(more, "aria-label", t("More about {name}", { name: row.who }));
    fill(head, heading(row, more));
    say(said, row.type === "reply" ? "" : row.text);
    said.hidden = said.textContent === "";
    const spoken = row.type === "reply" ? row : reply;
    answer.hidden = !spoken;
    if (spoken) fill(answer, ...answered(spoken, row));
  }

  update(item);
  return { element, update };
}

function heading(row, more) {
  const tags = [
    row.platform && h("span", { class: "tag" }, place(row.platform)),
    row.type === "own" && h("span", { class: "tag" }, row.who ? t("streamer") : t("a game")),
    row.pretended && h("span", { class: "tag pretended" }, t("pretended")),
    row.again ? h("span", { class: "tag" }, t("told again")) : null,
  ];
  const time = h("span", { class: "dim small" }, at(row.age, row.told));
  if (row.type === "post") return [name(t("Relay")), ...tags, row.error && h("span", { class: "field-error" }, t("not posted: {error}", { error: told(row.error) })), time];
  if (row.type === "reply") return [...row.asked.map(({ who, text }) => h("span", { class: "dim" }, name(who), text && `: ${text}`)), ...tags, time];
  if (row.type === "own") return [row.who && name(row.who), ...tags, time];
  return [name(row.who), deed(row) && h("span", { class: "deed" }, deed(row)), ...tags, h("span", { class: `outcome ${row.outcome ?? "waiting"}` }, outcome(row)), time, more];
}

// What the companion said: as far as it was heard, and the rest set apart in words and looks.
function answered(reply, row) {
  const heard = reply.heard === null || !reply.text.startsWith(reply.heard) ? null : reply.heard;
  const spoken = heard ?? (reply.cut ? "" : reply.text);
  const rest = reply.text.slice(spoken.length);
  const others = reply.asked.length - 1;
  const parts = [name(reply.who), " "];
  if (spoken) parts.push(h("span", { class: "said", dir: "auto" }, spoken));
  if (rest) parts.push(h(reply.cut ? "s" : "span", { class: reply.cut ? "cut said" : "coming said", dir: "auto" }, rest));
  if (reply.cut) parts.push(" ", h("span", { class: "tag cut-tag" }, spoken ? t("cut off here") : t("not heard")));
  else if (reply.phase === "generating") parts.push(" ", h("span", { class: "tag" }, t("is thinking")));
  else if (reply.phase === "speaking" && rest) parts.push(" ", h("span", { class: "tag" }, t("is saying it")));
  if (row.type === "message" && others > 0) parts.push(" ", h("span", { class: "tag" }, n("with {count} other", "with {count} others", others)));
  for (const { platform, error } of reply.posted) {
    if (error) parts.push(" ", h("span", { class: "field-error small" }, t("not posted to {platform}: {error}", { platform: place(platform), error: told(error) })));
  }
  return parts;
}
