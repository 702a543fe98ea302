// The desk: puts the strip, the views and the docks together.

import { dock } from "./address.js";
import { attention } from "./attention.js";
import { Connection } from "./connection.js";
import { h } from "./dom.js";
import { menu } from "./menu.js";
import { notices } from "./notices.js";
import { strip } from "./strip.js";
import "./theme.js";
import { t } from "./texts.js";
import { dockLayout, navigation } from "./views.js";

const connection = new Connection();

function away() {
  const words = h("span");
  const banner = h("div", { class: "away", role: "status", hidden: true }, words);
  connection.addEventListener("change", () => {
    banner.hidden = connection.state === "open";
    words.textContent =
      connection.state === "refused"
        ? t("The relay does not accept this page's address any more. Open it anew from the relay's terminal, or with a new link.")
        : t("The relay is not there. This page comes back by itself as soon as it is.");
  });
  return banner;
}

function page() {
  const { nav, main } = navigation(connection);
  const skip = h("a", { class: "skip-link", href: "#main", onclick: (event) => {
    event.preventDefault();
    main.focus();
  } }, t("To the content"));
  const bar = h("div", { class: "bar" }, nav, menu(connection));
  return [skip, h("header", {}, strip(connection), away(), bar), main];
}

function dockPage() {
  return [h("header", {}, strip(connection, { small: dock !== "all" }), away()), h("main", { id: "main" }, h("h1", { class: "unseen" }, "Voxta Relay"), dockLayout(connection, dock))];
}

document.body.classList.toggle("dock", dock !== null);
document.body.append(...(dock ? dockPage() : page()), ...notices);
attention(connection);
connection.connect();
