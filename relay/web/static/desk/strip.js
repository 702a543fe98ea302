// The strip that is always there: the floor, the microphone, a light for each connection, four big buttons.

import { h, say, set } from "./dom.js";
import { bind } from "./keys.js";
import { lights } from "./lights.js";
import { meter } from "./meter.js";
import { attempt } from "./notices.js";
import { duration, t } from "./texts.js";
import { told } from "./told.js";

const BUTTONS = { silence: t("Silence"), skip: t("Skip"), pause: t("Pause"), emergency: t("Emergency") };
const HINTS = {
  silence: t("Stops what is being said (Esc or S)"),
  skip: t("Stops this answer and goes on with the next (K)"),
  pause: t("Nothing more is passed on; what comes in waits as long as it is worth telling (P)"),
  emergency: t("Silence, pause and drop what waits, at once; Resume goes on"),
};
const SETTLE = 600; // milliseconds in which a press still means what the button said before somebody else turned it

// `small`: one part of the strip alone, for docks that show something else.
export function strip(connection, { small = false } = {}) {
  const floor = floorSign(connection);
  const microphone = meter();
  const connections = lights();
  const buttons = controls(connection);
  connection.watch("strip", (state) => {
    floor.show(state);
    microphone.show(state.microphone);
    connections.show(state.lights);
    buttons.show(state);
  });
  connection.addEventListener("change", () => floor.lose());
  const parts = small
    ? [floor.element]
    : [floor.element, h("div", { class: "strip-status" }, microphone.element, connections.element), buttons.element, connections.panel];
  return h("section", { class: small ? "strip small-strip" : "strip", "aria-label": t("Right now") }, parts);
}

function floorSign(connection) {
  const words = h("span", { class: "floor-words", dir: "auto" }, t("Connecting…"));
  const time = h("span", { class: "floor-time", "aria-hidden": "true" });
  const note = h("span", { class: "floor-note" });
  const element = h("div", { class: "floor", "data-floor": "away" }, h("span", { class: "floor-dot" }), words, time, note);
  let began = null; // when the floor came to be as it is, by this browser's clock

  function tick() {
    say(time, began === null ? "" : duration((performance.now() - began) / 1000));
  }

  function show(state) {
    const { kind, text } = worded(state, connection.hello);
    set(element, "data-floor", kind);
    say(words, text);
    const since = state.floor.since ?? null;
    const start = since === null ? null : performance.now() - since * 1000;
    if (start === null || began === null || Math.abs(start - began) > 700) began = start;
    say(note, notes(state).join(" · "));
    tick();
  }

  function lose() {
    if (connection.state === "open") return;
    began = null;
    set(element, "data-floor", "away");
    say(words, connection.state === "connecting" ? t("Connecting…") : t("No connection to the relay"));
    say(note, "");
    tick();
  }

  setInterval(tick, 1000);
  return { element, show, lose };
}

// What the floor is in words: {kind, text}; the kind gives the colour.
export function worded(state, hello) {
  const { floor, halt } = state;
  const who = floor.who ?? state.character ?? t("The companion");
  const speaks = floor.state === "speaking";
  const talking = floor.talking ?? [];
  if (talking.length > 0) {
    const people = talkers(talking, hello);
    return { kind: "person", text: speaks ? t("{people}; {who} waits", { people, who }) : people };
  }
  if (speaks) return { kind: "voice", text: t("{who} speaks", { who }) };
  if (floor.state === "thinking" || floor.state === "awaiting") return { kind: "thinking", text: t("{who} is thinking", { who }) };
  if (floor.state === "finishing") return { kind: "voice", text: t("{who} has just spoken", { who }) };
  if (halt in HALTED) return { kind: "paused", text: HALTED[halt] };
  return { kind: "free", text: t("Free") };
}

function talkers(talking, hello) {
  if (talking.some(({ streamer }) => streamer)) {
    return hello?.role === "moderator" ? t("The streamer is talking") : t("You are talking");
  }
  const names = [...new Set(talking.map(({ name }) => name))].join(", ");
  return talking.length > 1 ? t("{names} are talking", { names }) : t("{name} is talking", { name: names });
}

const HALTED = {
  paused: t("Paused"),
  off_stream: t("Off stream"),
  quiet_hours: t("Quiet hours"),
  away: t("The companion is away"),
};

const MODES = {
  mentions: t("only mentions are heard"),
  subscribers: t("only subscribers are heard"),
  slow: t("slow mode"),
};

function notes({ floor, switches }) {
  const busy = floor.state !== "free" || (floor.talking ?? []).length > 0;
  return [
    switches.paused && busy ? t("paused") : null,
    MODES[switches.mode] ?? null,
    switches.volume === 0 ? t("volume 0") : null,
  ].filter(Boolean);
}

function controls(connection) {
  let isPaused = null; // not known yet
  let asked = null; // what this page wants that to be next
  let turned = -Infinity; // when somebody else changed it
  const pause = async (wanted, action, done) => {
    asked = wanted;
    if ((await attempt(connection.ask(action), { done })) === undefined) asked = null;
  };
  const toggle = () => {
    const isMeant = performance.now() - turned < SETTLE ? isPaused : !isPaused; // two who brake at once do not let go
    return pause(isMeant, isMeant ? "pause" : "resume", told);
  };
  const acts = {
    silence: () => attempt(connection.ask("silence"), { done: told }),
    skip: () => attempt(connection.ask("skip"), { done: told }),
    pause: toggle,
    emergency: () => pause(true, "emergency", t("Silent, paused, and nothing waits any more. Resume goes on.")),
  };
  const buttons = Object.fromEntries(
    Object.entries(BUTTONS).map(([name, label]) => [
      name,
      h("button", { type: "button", class: `big ${name}`, title: HINTS[name], onclick: acts[name] }, label),
    ]),
  );
  bind("Escape", acts.silence);
  bind("s", acts.silence);
  bind("k", acts.skip);
  bind("p", acts.pause);

  function show({ switches }) {
    turn(switches.paused);
    say(buttons.pause, isPaused ? t("Resume") : BUTTONS.pause);
    buttons.pause.classList.toggle("primary", isPaused);
  }

  function turn(paused) {
    if (paused === isPaused) return;
    if (isPaused !== null && paused !== asked) turned = performance.now();
    isPaused = paused;
    asked = null;
  }

  return { element: h("div", { class: "strip-buttons", role: "group", "aria-label": t("Brakes") }, Object.values(buttons)), show };
}
