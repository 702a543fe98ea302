// How captions look: chosen with a preview, and written into OBS or taken along as an address.

import { at } from "../../places.js";
import { token } from "../address.js";
import { h, say } from "../dom.js";
import { attempt, copy, notify } from "../notices.js";
import { t } from "../texts.js";

const STORED = "relay.look";
const LOOKS = [["outline", t("Outlined letters")], ["box", t("A dark box")], ["bubble", t("A speech bubble")]];
const PLACES = [["bottom", t("At the bottom")], ["middle", t("In the middle")], ["top", t("At the top")]];
const SIDES = [["center", t("Centred")], ["left", t("On the left")], ["right", t("On the right")]];
const USUAL = { look: "outline", at: "bottom", align: "center", size: "", lines: "3", width: "90", name: "1" };
const FITTING = 36; // pixels: the size a slider begins with; left alone, letters fit the source

// `back()` leads to the chapters.
export function captions(connection, { back }) {
  const chosen = { ...USUAL, ...stored() };
  const preview = h("iframe", { class: "setup-preview", title: t("Preview of the captions"), tabindex: "-1" });
  const address = h("input", { id: "setup-address", readonly: true, dir: "ltr", onfocus: () => address.select() });

  function change(name, value) {
    chosen[name] = value;
    localStorage.setItem(STORED, JSON.stringify(chosen));
    show();
  }

  function show() {
    const sample = { preview: t("Hello and welcome! This is how what I say will look on your stream."), ...wanted(chosen) };
    preview.src = at(`overlay?${new URLSearchParams(token ? { ...sample, token } : sample)}`).href;
    address.value = whole(chosen);
  }

  async function write() {
    const answer = await attempt(connection.ask("overlay_look", { look: new URLSearchParams(wanted(chosen)).toString() }));
    if (!answer) return;
    const names = answer.sources.join(", ");
    notify(names ? t("OBS shows it now, in {names}.", { names }) : t("OBS has no source with the overlay yet: add one with this address."));
  }

  const controls = [
    choice("look", t("Look"), LOOKS, chosen, change),
    choice("at", t("Place"), PLACES, chosen, change),
    choice("align", t("Side"), SIDES, chosen, change),
    sizes(chosen, change),
    slider("lines", t("Lines at most"), { min: 1, max: 8 }, chosen, change),
    slider("width", t("Width at most, in %"), { min: 20, max: 100 }, chosen, change),
    check(t("Show the character's name"), chosen.name !== "0", (on) => change("name", on ? "1" : "0")),
  ];
  const heading = h("h2", { tabindex: "-1" }, t("How captions look"));
  const taken = h("div", { class: "setup-field" }, h("label", { for: address.id }, t("Address for a browser source in OBS")), address);
  const buttons = h(
    "p",
    { class: "actions" },
    h("button", { class: "primary", type: "button", onclick: write }, t("Show it in OBS")),
    h("button", { type: "button", onclick: () => copy(address) }, t("Copy the address")),
    h("button", { type: "button", onclick: back }, t("Back")),
  );
  show();
  return h("div", { hidden: true }, heading, h("div", { class: "setup-look" }, h("div", {}, controls), h("div", {}, preview, taken, buttons)));
}

// Only what is not as usual stands in the address.
function wanted(chosen) {
  return Object.fromEntries(Object.entries(chosen).filter(([name, value]) => name in USUAL && value !== USUAL[name]));
}

// OBS runs on the relay's own computer, whatever name this page has been opened under; but not where one relay serves many.
function whole(chosen) {
  const address = at("overlay");
  if (at("").pathname === "/") address.hostname = "localhost";
  for (const [name, value] of Object.entries(wanted(chosen))) address.searchParams.set(name, value);
  if (token) address.searchParams.set("token", token);
  return address.href;
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORED)) ?? {};
  } catch {
    return {};
  }
}

function choice(name, label, options, chosen, change) {
  const id = `setup-${name}`;
  const select = h("select", { id, onchange: () => change(name, select.value) }, options.map(([value, words]) => h("option", { value }, words)));
  select.value = chosen[name];
  return h("div", { class: "setup-field" }, h("label", { for: id }, label), select);
}

function slider(name, label, { min, max }, chosen, change) {
  const id = `setup-${name}`;
  const shown = h("output", { for: id }, chosen[name]);
  const input = h("input", { id, type: "range", min, max, oninput: () => {
    say(shown, input.value);
    change(name, input.value);
  } });
  input.value = chosen[name];
  return h("div", { class: "setup-field" }, h("label", { for: id }, label, " ", shown), input);
}

function sizes(chosen, change) {
  const own = slider("size", t("Size in pixels"), { min: 12, max: 160 }, { size: chosen.size || FITTING }, change);
  const fits = check(t("Letters fit the source"), chosen.size === "", (on) => {
    own.hidden = on;
    change("size", on ? "" : own.querySelector("input").value);
  });
  own.hidden = chosen.size === "";
  return [fits, own];
}

function check(label, isOn, turn) {
  const input = h("input", { type: "checkbox", onchange: () => turn(input.checked) });
  input.checked = isOn;
  return h("label", { class: "check" }, input, label);
}
