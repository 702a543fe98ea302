// One chapter: shows what the relay asks, one form after the other, and sends what was filled in.

import { fill, h, say } from "../dom.js";
import { attempt } from "../notices.js";
import { t } from "../texts.js";
import { told } from "../told.js";
import { field } from "./fields.js";
import { said } from "./phrases.js";
import { playWav } from "./sound.js";

export class Conversation {
  constructor(connection) {
    this.connection = connection;
    this.element = h("div", { class: "setup-form" });
    this.shown = null;
  }

  update({ form, number, busy, progress }) {
    if (form === null) return this.wait();
    if (this.shown !== number) this.show(form, number);
    for (const button of this.element.querySelectorAll("button[type=submit]")) {
      button.disabled = busy;
      button.hidden = progress !== null;
    }
    this.moment.hidden = !busy || progress !== null;
    this.progress.update(progress);
  }

  // Of the next chapter every form is new: numbers begin anew with the relay.
  end() {
    this.shown = null;
  }

  wait() {
    this.shown = null;
    fill(this.element, h("p", { role: "status" }, t("One moment…")), this.leaving());
  }

  show(form, number) {
    this.shown = number;
    const title = h("h3", { tabindex: "-1" }, said(form.title));
    const fields = form.fields.map((one) => field(one));
    this.moment = h("p", { class: "dim", role: "status", hidden: true }, t("One moment…"));
    this.progress = waiting();
    const submit = h("button", { class: "primary", type: "submit" }, said(form.button));
    const send = (event) => {
      event.preventDefault();
      const values = Object.fromEntries(fields.map(({ name, read }) => [name, read()]));
      attempt(this.connection.ask("setup_answer", { number, values }));
    };
    const isWaiting = form.code !== "";
    const parts = [
      title,
      form.lines.map((line) => h("p", {}, said(line))),
      form.code && h("p", { class: "setup-code" }, h("span", { class: "unseen" }, t("Code:")), " ", h("output", {}, form.code)),
      form.links.length > 0 && h("p", { class: "actions" }, form.links.map(link)),
      form.problem && h("p", { class: "setup-problem", role: "alert" }, told(form.problem)),
      fields.map(({ element }) => element),
      form.sound && this.listening(),
      this.moment,
      this.progress.element,
      h("p", { class: "actions" }, !isWaiting && submit, this.leaving()),
    ];
    fill(this.element, h("form", { onsubmit: send, novalidate: true }, parts.filter(Boolean)));
    (form.problem ? (this.element.querySelector("input, textarea, select") ?? title) : title).focus();
  }

  leaving() {
    const leave = () => attempt(this.connection.ask("setup_leave"));
    return h("button", { type: "button", onclick: leave }, t("Not now"));
  }

  listening() {
    const play = () => attempt(this.connection.ask("setup_sound").then(playWav));
    play();
    return h("p", {}, h("button", { type: "button", onclick: play }, t("Play it again")));
  }
}

// How far is what is waited for; the bar only moves to and fro where nobody can tell.
function waiting() {
  const words = h("span", {});
  const bar = h("progress", { max: 1 });
  const element = h("label", { class: "setup-progress", hidden: true }, words, bar);
  const update = (progress) => {
    element.hidden = progress === null;
    if (progress === null) return;
    say(words, said(progress.doing));
    if (progress.share === null) bar.removeAttribute("value");
    else bar.value = progress.share;
  };
  return { element, update };
}

function link({ address, label }) {
  return h("a", { class: "button", href: address, target: "_blank", rel: "noopener noreferrer" }, said(label), " ↗");
}
