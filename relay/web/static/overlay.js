// The overlay page: plays what the relay sends and shows it. Options in the address: captions=0 shows no captions,
// name=0 leaves the character's name out, mute=1 plays nothing, controls=1 adds an interrupt button, token=… opens a
// relay that asks for one, preview=… shows a text alone, avatar=1 shows pictures of the companion, which bounce=0 and
// blink=0 keep still, subtitles=0 shows nothing of what people said, lang=de speaks German whatever the browser does; see looks.js for those
// that change how captions look.

import { Avatar } from "./avatar.js";
import { Captions } from "./captions.js";
import { applyLook } from "./looks.js";
import { SilentOutput, SoundOutput } from "./outputs.js";
import { at, socketAt } from "./places.js";
import { Player } from "./player.js";
import { preview } from "./preview.js";
import { Subtitles } from "./subtitles.js";

const VERSION = 2;
const SILENCE = 3000; // milliseconds without a word after which the relay counts as gone; it pings every second
const REPORT_EVERY = 100; // milliseconds
const READ_EVERY = 50; // milliseconds
const SETTLED_AFTER = 300; // milliseconds in which a browser that lets the page play has begun to
const RETRY_FIRST = 250; // milliseconds before the first try to connect again; doubled each time
const RETRY_MOST = 10_000;
const NOTICE_AFTER = 2000; // milliseconds before viewers need to know that something is wrong
const NOTICE_FOR = 4000;

const options = new URLSearchParams(location.search);
const token = options.get("token");
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const element = (id) => document.getElementById(id);
const hasCaptions = options.get("captions") !== "0";
const sample = options.get("preview");
const context = options.get("mute") === "1" || sample !== null ? null : new AudioContext({ sampleRate: 48_000 });
const sound = context && new SoundOutput(context, fetchClip);
const captions = hasCaptions
  ? new Captions(element("caption"), { named: options.get("name") !== "0" })
  : { show() {}, follow() {}, clear() {} };
const avatar =
  options.get("avatar") === "1"
    ? new Avatar(element("avatar"), {
        load: (name) => fetch(at(`overlay/avatar${name}`), { headers }),
        bounces: options.get("bounce") !== "0",
        blinks: options.get("blink") !== "0",
      })
    : null;
const hasSubtitles = (options.get("subtitles") ?? options.get("captions")) !== "0";
const subtitles = hasSubtitles && sample === null ? new Subtitles(element("subtitles")) : null;
const player = new Player(output(), { tell, captions });
let socket = null;
let isGreeted = false;
let isSettled = context === null; // whether it is known if the browser lets the page play
let attempts = 0;
let notice = null;

function hasSound() {
  return context?.state === "running";
}

// Without sound the captions go on at the pace of the speech.
function output() {
  return hasSound() ? sound : new SilentOutput();
}

// Tell the relay what can be heard here; its answer is all that is queued.
function introduce() {
  if (!isGreeted || !isSettled) return;
  player.use(output());
  const heard = context ? (hasSound() ? "on" : "waiting") : "muted";
  tell({ type: "ready", version: VERSION, sound: heard, captions: hasCaptions });
}

function tell(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function notify(text) {
  element("status").textContent = text;
  element("status").hidden = text === "";
}

async function fetchClip(id) {
  const response = await fetch(at(`overlay/clips/${encodeURIComponent(id)}.wav`), { headers });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`the relay answered ${response.status}`);
  return response.arrayBuffer();
}

async function playSound({ name }) {
  const response = await fetch(at(`overlay/sounds/${encodeURIComponent(name)}`), { headers });
  if (response.ok) await sound.effect(await response.arrayBuffer());
}

const answers = {
  hello: ({ version }) => {
    attempts = 0;
    clearTimeout(notice);
    notice = null;
    notify("");
    if (version !== VERSION) return location.reload();
    isGreeted = true;
    introduce();
  },
  ping: () => {
    tell({ type: "pong" });
    player.tick(); // the browser holds back the timers of a page that is not seen
    player.read();
  },
  clip: (clip) => player.add(clip),
  pause: () => player.pause(),
  resume: () => player.resume(),
  cut: () => player.cut(),
  volume: ({ volume }) => player.setVolume(volume),
  sync: (position) => player.follow(position),
  pose: (pose) => avatar?.show(pose),
  subtitle: (subtitle) => subtitles?.add(subtitle),
  sound: (effect) => hasSound() && playSound(effect),
};

function connect() {
  const address = socketAt("overlay/ws");
  if (token) address.searchParams.set("token", token);
  const opened = new WebSocket(address);
  let watchdog = setTimeout(lose, SILENCE);
  let isLost = false;

  function lose() {
    if (isLost) return;
    isLost = true;
    isGreeted = false;
    clearTimeout(watchdog);
    opened.close();
    expectConnection();
    player.clear();
    const most = Math.min(RETRY_MOST, RETRY_FIRST * 2 ** attempts++);
    setTimeout(connect, most * (0.5 + Math.random() / 2));
  }

  opened.onclose = lose;
  opened.onmessage = ({ data }) => {
    if (isLost) return;
    clearTimeout(watchdog);
    watchdog = setTimeout(lose, SILENCE);
    const message = JSON.parse(data);
    answers[message.type]?.(message);
  };
  socket = opened;
}

function expectConnection() {
  notice ??= setTimeout(notify, NOTICE_AFTER, element("gone").textContent);
}

function soundChanged() {
  isSettled = true;
  element("hear").hidden = hasSound();
  introduce();
}

async function interrupt() {
  try {
    const response = await fetch(at("interrupt"), { method: "POST", headers });
    const { answer, detail } = await response.json();
    notify(answer ?? detail);
  } catch {
    notify(element("gone").textContent);
  }
  setTimeout(notify, NOTICE_FOR, "");
}

function begin() {
  if (context) {
    context.onstatechange = soundChanged;
    element("hear").onclick = () => context.resume();
    // A browser that lets the page play does so at once; the button is for one that does not.
    setTimeout(() => isSettled || soundChanged(), SETTLED_AFTER);
  }
  setInterval(() => player.tick(), REPORT_EVERY);
  setInterval(() => player.read(), READ_EVERY);
  element("interrupt").hidden = options.get("controls") !== "1";
  element("interrupt").onclick = interrupt;
  expectConnection();
  connect();
}

applyLook(options, document.body, element("caption"));
if (sample === null) begin();
else preview(captions, { text: sample, speaker: options.get("speaker") ?? "Vox" });
