// Try things out without an audience: pretended messages, a sentence, the microphone, the overlay, a recording.

import { bytes } from "./connection.js";
import { fill, h, KeyedList, say, set } from "./dom.js";
import { feed } from "./feed.js";
import { announce, attempt, notify } from "./notices.js";
import { duration, n, number, t } from "./texts.js";
import { told } from "./told.js";

const PIECE = 25_000; // bytes of a recording sent at once
const LEAST = -80; // dBFS at the left end of the meter and the slider
const EVERY = 120; // milliseconds between two positions of the slider that are sent

const KINDS = [
  { what: "question", title: t("Question"), text: t("What they ask"), needs: "text" },
  { what: "chat", title: t("Chat message"), text: t("What they write"), needs: "text" },
  { what: "raid", title: t("Raid"), amount: t("Viewers"), usual: 12 },
  { what: "cheer", title: t("Cheer"), amount: t("Bits"), usual: 100, text: t("What they write with it") },
  { what: "sub", title: t("Subscription") },
  { what: "resub", title: t("Resubscription"), amount: t("Months"), usual: 3, text: t("What they write with it") },
  { what: "gift", title: t("Gifted subscriptions"), amount: t("How many"), usual: 5 },
  { what: "follow", title: t("Follow") },
  { what: "reward", title: t("Reward"), reward: true, text: t("What they write with it"), needs: "title" },
];

export function tryOut(connection) {
  const outcome = feed(connection, { title: t("What comes of it") });
  const first = pretend(connection, () => outcome.scrollIntoView({ block: "nearest" }));
  const others = [speak(connection), microphone(connection), overlay(connection), recording(connection)];
  const parts = [first, ...others];
  const shown = h("div", { class: "try" }, first.element, outcome, others.map(({ element }) => element));
  connection.watch("try", (state) => parts.forEach(({ update }) => update?.(state)));
  return shown;
}

function panel(title, ...children) {
  return h("section", { class: "panel" }, h("h2", {}, title), ...children);
}

function labelled(text, control) {
  return h("label", { class: "field" }, h("span", {}, text), control);
}

// Somebody in the audience

// `done()` is called when what was pretended is on its way.
function pretend(connection, done) {
  const what = h("select", { onchange: () => change() }, KINDS.map(({ what, title }) => h("option", { value: what }, title)));
  const who = h("input", { value: "Alex", maxlength: 50, autocomplete: "off" });
  const role = h("select", {}, h("option", { value: "viewer" }, t("Viewer")), h("option", { value: "subscriber" }, t("Subscriber")), h("option", { value: "vip" }, t("VIP")));
  const text = h("textarea", { rows: 2, maxlength: 500 });
  const amount = h("input", { type: "number", min: 1, max: 1_000_000 });
  const title = h("input", { maxlength: 100, list: "try-rewards", autocomplete: "off" });
  const rewards = h("datalist", { id: "try-rewards" });
  const words = { text: h("span"), amount: h("span") };
  const fields = {
    title: labelled(t("Name of the reward"), title),
    amount: h("label", { class: "field" }, words.amount, amount),
    text: h("label", { class: "field" }, words.text, text),
  };
  const error = h("p", { class: "field-error", role: "alert", hidden: true });
  const absent = h("p", { class: "dim", hidden: true }, t("No companion is there to answer yet; it will be told as soon as it comes."));
  const kind = () => KINDS.find((one) => one.what === what.value);

  function change() {
    const chosen = kind();
    fields.title.hidden = !chosen.reward;
    fields.amount.hidden = !chosen.amount;
    fields.text.hidden = !chosen.text;
    say(words.amount, chosen.amount ?? "");
    say(words.text, chosen.text ?? "");
    amount.value = chosen.usual ?? "";
    text.required = chosen.needs === "text";
    title.required = chosen.needs === "title";
    error.hidden = true;
  }

  async function send(event) {
    event.preventDefault();
    const chosen = kind();
    const given = { what: chosen.what, name: who.value, role: role.value };
    if (chosen.text) given.text = text.value;
    if (chosen.amount && amount.value) given.amount = Number(amount.value);
    if (chosen.reward) given.title = title.value;
    error.hidden = true;
    try {
      await connection.ask("pretend", given);
      announce(t("Pretended. What comes of it stands below.")); // who sees the page sees the feed
      text.value = "";
      done();
    } catch (refusal) {
      error.hidden = false;
      say(error, told(refusal.message));
    }
  }

  const form = h(
    "form",
    { class: "fields", onsubmit: send },
    h("div", { class: "columns" }, labelled(t("What happens"), what), labelled(t("Who"), who), labelled(t("They are a"), role)),
    fields.title,
    rewards,
    fields.amount,
    fields.text,
    error,
    h("div", { class: "actions" }, h("button", { class: "primary" }, t("Pretend"))),
  );
  change();
  const hint = t("It goes the way of the real thing and is answered here. It is posted to no channel, counted nowhere and not remembered.");
  return {
    element: panel(t("Pretend"), h("p", { class: "dim" }, hint), absent, form),
    update(state) {
      absent.hidden = state.character;
      if (rewards.children.length !== state.rewards.length) fill(rewards, state.rewards.map((value) => h("option", { value })));
    },
  };
}

// The streamer

function speak(connection) {
  const text = h("textarea", { rows: 2, maxlength: 500, required: true });
  async function send(event) {
    event.preventDefault();
    const done = await attempt(connection.ask("say", { text: text.value }), { done: t("Said.") });
    if (done !== undefined) text.value = "";
  }
  const form = h(
    "form",
    { class: "fields", onsubmit: send },
    labelled(t("Your words"), text),
    h("div", { class: "actions" }, h("button", { class: "primary" }, t("Say it"))),
  );
  const hint = t("As if you had said it aloud: the companion falls silent and answers you. This one is real.");
  const element = panel(t("Say something yourself"), h("p", { class: "dim" }, hint), form);
  return { element, update: () => (element.hidden = connection.hello?.role === "moderator") };
}

// The microphone

function microphone(connection) {
  const none = h("p", { class: "dim" }, t("OBS is not asked for your microphone. Set it up under Set up, OBS."));
  const problem = h("p", { class: "field-error" });
  const meters = h("div", { class: "meters" });
  const list = new KeyedList(meters, meter, { key: ({ name }) => name });
  const slider = h("input", { type: "range", min: LEAST, max: 0, step: 1, oninput: () => move(), onchange: () => move(true) });
  const value = h("output");
  const hint = h("p", { class: "dim" }, t("Talk as you do on stream, then be quiet. The threshold belongs between the two: drag it until the meter turns only while you talk. It counts at once, until the relay ends; keep it, and it counts from then on."));
  const keep = h("button", { type: "button", onclick: () => keepIt() }, t("Keep it"));
  const control = h("div", { class: "fields" }, h("label", { class: "field" }, h("span", {}, t("Threshold"), " ", value), slider), hint, h("div", { class: "actions" }, keep));
  let held = 0; // until when the slider is the user's own
  let sent = 0;
  let timer = null;

  function move(last = false) {
    held = Date.now() + 1500;
    say(value, decibels(slider.value));
    clearTimeout(timer);
    timer = setTimeout(push, last ? 0 : Math.max(0, sent + EVERY - Date.now()));
  }

  async function keepIt() {
    try {
      await connection.ask("set", { values: { "obs.threshold": Number(slider.value) } });
      notify(t("Written into the settings."));
    } catch (refusal) {
      const words = refusal.code === "unknown" ? t("This relay runs without a settings file: it keeps nothing.") : told(refusal.message);
      notify(words, { failed: true });
    }
  }

  function push() {
    sent = Date.now();
    attempt(connection.ask("threshold", { decibels: Number(slider.value) }));
  }

  return {
    element: panel(t("Microphone"), none, problem, meters, control),
    update({ microphone: state }) {
      none.hidden = state !== null;
      meters.hidden = control.hidden = state === null;
      problem.hidden = !state?.problem;
      if (state === null) return;
      say(problem, told(state.problem));
      slider.disabled = keep.disabled = connection.hello?.role === "moderator";
      if (Date.now() > held && document.activeElement !== slider) slider.value = state.threshold;
      say(value, decibels(slider.value));
      list.show(state.inputs.map((input) => ({ ...input, threshold: state.threshold })));
    },
  };
}

function meter(input) {
  const bar = h("div", { class: "level" });
  const line = h("div", { class: "mark" });
  const talks = h("span", { class: "tag" });
  const scale = h("div", { class: "meter", role: "meter", "aria-valuemin": LEAST, "aria-valuemax": 0, "aria-label": input.name }, bar, line);
  const share = (level) => `${Math.min(100, Math.max(0, 100 * (1 - level / LEAST)))}%`;
  return {
    element: h("div", { class: "input" }, h("bdi", { class: "name" }, input.name), talks, scale),
    update({ level, threshold, talks: isTalking }) {
      bar.style.width = share(level);
      line.style.left = share(threshold);
      scale.classList.toggle("loud", level >= threshold);
      set(scale, "aria-valuenow", Math.max(LEAST, level));
      set(scale, "aria-valuetext", decibels(level));
      say(talks, isTalking ? t("talking") : t("silent"));
    },
  };
}

function decibels(level) {
  return t("{level} dB", { level: number(Number(level)) });
}

// The overlay

function overlay(connection) {
  const condition = h("span");
  const results = h("div", { role: "status" });
  const button = h("button", { class: "primary", type: "button", onclick: () => test() }, t("Have a sentence said"));
  const off = h("p", { class: "dim", hidden: true }, t("Speech is off. Switch it on under Set up, The companion, to hear it."));

  async function test() {
    button.disabled = true;
    fill(results, h("p", {}, t("Listen …")));
    try {
      judge(await connection.ask("speak"));
    } catch (refusal) {
      fill(results, h("p", { class: "field-error" }, told(refusal.message)));
    }
    button.disabled = false;
  }

  function judge({ sinks }) {
    const rows = sinks.map(({ name, played }) =>
      h("li", {}, h("bdi", { class: "name" }, name), ": ", h("span", { class: played ? "ok" : "field-error" }, played ? t("played") : t("played nothing"))),
    );
    const heard = h("p", { hidden: true });
    const answer = (words) => () => {
      heard.hidden = false;
      say(heard, words);
    };
    const wrong = sinks.some(({ played }) => played)
      ? t("The relay did its part. Look at the volume and the mute of the source in OBS, at Monitoring in its Advanced Audio Properties, and at the volume of the system.")
      : t("Nothing was played. Open the overlay's page in OBS, and look at its state above.");
    fill(
      results,
      h("ul", {}, rows),
      h("p", {}, t("Did you hear it?")),
      h(
        "div",
        { class: "actions" },
        h("button", { type: "button", onclick: answer(t("Good. That is all there is to it.")) }, t("Yes")),
        h("button", { type: "button", onclick: answer(wrong) }, t("No")),
      ),
      heard,
    );
  }

  return {
    element: panel(t("Is it heard?"), h("p", {}, h("span", { class: "dim" }, t("Overlay")), ": ", condition), off, h("div", { class: "actions" }, button), results),
    update({ speech }) {
      say(condition, told(speech.overlay));
      off.hidden = speech.is_on;
      button.hidden = !speech.is_on;
    },
  };
}

// A recording

function recording(connection) {
  const file = h("input", { type: "file", accept: ".jsonl,.ndjson,.json,.txt", onchange: () => bring() });
  const speed = h("select", {}, [0.5, 1, 2, 5, 10].map((value) => h("option", { value, selected: value === 1 }, `${number(value)}×`)));
  const about = h("p");
  const problems = h("ul", { class: "field-error" });
  const progress = h("progress", { hidden: true, "aria-label": t("Played") });
  const play = h("button", { class: "primary", type: "button", onclick: () => attempt(connection.ask("play", { speed: Number(speed.value) })) }, t("Play"));
  const stop = h("button", { type: "button", onclick: () => attempt(connection.ask("stop")) }, t("Stop"));

  async function bring() {
    const [chosen] = file.files;
    if (!chosen) return;
    fill(problems);
    try {
      let isFirst = true;
      for (const text of pieces(await chosen.text())) {
        const { problems: found } = await connection.ask("recording", { text, is_first: isFirst });
        problems.append(...found.map((problem) => h("li", {}, told(problem))));
        isFirst = false;
      }
    } catch (refusal) {
      fill(problems, h("li", {}, told(refusal.message)));
    }
    file.value = "";
  }

  const hint = t("One JSON object a line, as `relay replay` plays it. Everybody in it is pretended.");
  return {
    element: panel(t("Play a recording"), h("p", { class: "dim" }, hint), h("div", { class: "columns" }, labelled(t("File"), file), labelled(t("Speed"), speed)), problems, about, progress, h("div", { class: "actions" }, play, stop)),
    update({ recording: { lines, seconds, skipped, played, is_playing: isPlaying } }) {
      const left = skipped ? n("{count} line is left out", "{count} lines are left out", skipped) : "";
      const has = n("{count} line, {length}", "{count} lines, {length}", lines, { length: duration(seconds) });
      say(about, lines || skipped ? [has, left].filter(Boolean).join(" · ") : t("No recording yet."));
      progress.hidden = !isPlaying;
      progress.max = Math.max(1, lines);
      progress.value = played;
      play.disabled = !lines || isPlaying;
      stop.disabled = !isPlaying;
      file.disabled = isPlaying;
    },
  };
}

// Whole lines, few enough for one request.
function* pieces(text) {
  let [piece, size] = ["", 0];
  for (const line of text.split("\n")) {
    const more = bytes(JSON.stringify(`${line}\n`));
    if (size + more > PIECE && piece) {
      yield piece;
      [piece, size] = ["", 0];
    }
    piece += `${line}\n`;
    size += more;
  }
  yield piece;
}
