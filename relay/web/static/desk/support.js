// Those who support the stream: ticked off when the streamer has seen to them, and told again when it is wanted.

import { fill, h, name, say, set } from "./dom.js";
import { Log } from "./feed.js";
import { attempt, once } from "./notices.js";
import { Rows } from "./rows.js";
import { n, t } from "./texts.js";
import { viewer } from "./viewer.js";
import { at, deed, outcome, place } from "./wording.js";

export function support(connection) {
  const panel = viewer(connection);
  const openOnly = h("input", { type: "checkbox", onchange: () => refresh() });
  const left = h("span", { class: "count" });
  const empty = h("p", { class: "empty" });
  const open = (row) => panel.open(row);
  const list = new Rows({ label: t("Support"), make: (row) => entry(connection, row), open, atTop: () => older() });
  const log = new Log(connection, "support", () => refresh());

  function refresh() {
    const shown = openOnly.checked ? todo() : log.rows;
    say(left, n("{count} to do", "{count} to do", log.total));
    say(empty, nothing());
    empty.hidden = shown.length > 0;
    list.show(shown);
  }

  function todo() {
    return log.rows.filter(({ ticked }) => ticked === null);
  }

  async function older() {
    return openOnly.checked && todo().length >= log.total ? false : log.older();
  }

  function nothing() {
    if (!log.rows.length) return t("Nobody has subscribed, cheered, raided, redeemed or followed yet.");
    return log.total ? t("Looking …") : t("All of it is ticked off.");
  }

  const head = h("div", { class: "panel-head" }, h("h2", {}, t("Support")), left, h("label", { class: "check" }, openOnly, t("Only what is not ticked off")));
  return h("section", { class: "panel feed support" }, head, empty, list.element, panel.element);
}

function entry(connection, first) {
  let current = first;
  const box = h("input", { type: "checkbox", onchange: () => tick() });
  const label = h("label", { class: "check" }, box, h("span", { class: "unseen" }, t("Ticked off")));
  const head = h("div", { class: "entry-head" });
  const said = h("p", { class: "said", dir: "auto" });
  const tell = once(() => attempt(connection.ask("again", { id: current.id }), { done: t("It is told again.") }));
  const again = h("button", { type: "button", onclick: tell }, t("Tell again"));
  const element = h("article", { class: "entry support-entry" }, label, h("div", { class: "support-body" }, head, said), again);

  async function tick() {
    const done = await attempt(connection.ask("tick", { id: current.id, ticked: box.checked }));
    if (done === undefined) box.checked = current.ticked !== null;
  }

  function update(row) {
    current = row;
    box.checked = row.ticked !== null;
    set(box, "aria-label", t("Tick {name} off", { name: row.who }));
    element.classList.toggle("ticked", row.ticked !== null);
    fill(
      head,
      name(row.who),
      h("span", { class: "deed" }, deed(row)),
      h("span", { class: "tag" }, place(row.platform)),
      row.pretended && h("span", { class: "tag pretended" }, t("pretended")),
      h("span", { class: `outcome ${row.outcome ?? "waiting"}` }, outcome(row)),
      row.told_again ? h("span", { class: "tag" }, n("told again {count} time", "told again {count} times", row.told_again)) : null,
      row.ticked !== null && h("span", { class: "dim small" }, t("ticked off by {name}", { name: row.ticked })),
      h("span", { class: "dim small" }, at(row.age, row.told)),
    );
    say(said, row.text);
    said.hidden = !row.text;
  }

  update(first);
  return { element, update };
}
