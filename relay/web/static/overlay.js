// The overlay page: plays what the relay sends and shows it. Options in the address: captions=0 shows no captions,
// mute=1 plays nothing, controls=1 adds an interrupt button, token=… opens a relay that asks for one.

import { Player } from "./player.js";

const VERSION = 1;
const SILENCE = 3000; // milliseconds without a word after which the relay counts as gone; it pings every second
const REPORT_EVERY = 100; // milliseconds
const RETRY_FIRST = 250; // milliseconds before the first try to connect again; doubled each time
const RETRY_MOST = 10_000;
const NOTICE_AFTER = 2000; // milliseconds before viewers need to know that something is wrong
const NOTICE_FOR = 4000;

const options = new URLSearchParams(location.search);
const token = options.get("token");
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const element = (id) => document.getElementById(id);
const context = options.get("mute") === "1" ? null : new AudioContext({ sampleRate: 48_000 });
const player = context && new Player(context, { fetchClip, tell, show });
let socket = null;
let attempts = 0;
let notice = null;

const hasSound = () => context?.state === "running";

function tell(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function show(text) {
  if (options.get("captions") !== "0") element("caption").textContent = text;
}

function notify(text) {
  element("status").textContent = text;
  element("status").hidden = text === "";
}

async function fetchClip(id) {
  const response = await fetch(`/overlay/clips/${encodeURIComponent(id)}.wav`, { headers });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`the relay answered ${response.status}`);
  return response.arrayBuffer();
}

async function playSound({ name }) {
  const response = await fetch(`/overlay/sounds/${encodeURIComponent(name)}`, { headers });
  if (!response.ok) return;
  const buffer = await context.decodeAudioData(await response.arrayBuffer());
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(player.volume);
  source.start();
}

const answers = {
  hello: ({ version }) => {
    attempts = 0;
    clearTimeout(notice);
    notice = null;
    notify("");
    if (version !== VERSION) location.reload();
    else tell({ type: "ready", version: VERSION, sound: hasSound() });
  },
  ping: () => tell({ type: "pong" }),
  clip: (clip) => player?.add(clip),
  pause: () => player?.pause(),
  resume: () => player?.resume(),
  cut: () => player?.cut(),
  volume: ({ volume }) => player?.setVolume(volume),
  sync: (position) => player?.follow(position),
  caption: ({ text }) => hasSound() || show(text),
  sound: (sound) => hasSound() && playSound(sound),
};

function connect() {
  const address = new URL("/overlay/ws", location.href.replace(/^http/, "ws"));
  if (token) address.searchParams.set("token", token);
  const opened = new WebSocket(address);
  let watchdog = setTimeout(lose, SILENCE);
  let isLost = false;

  function lose() {
    if (isLost) return;
    isLost = true;
    clearTimeout(watchdog);
    opened.close();
    expectConnection();
    player?.clear();
    show("");
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
  notice ??= setTimeout(notify, NOTICE_AFTER, "No connection to the relay. Trying again…");
}

function soundChanged() {
  player.clear(); // what is queued comes again with the answer
  element("hear").hidden = hasSound();
  tell({ type: "ready", version: VERSION, sound: hasSound() });
}

async function interrupt() {
  try {
    const response = await fetch("/interrupt", { method: "POST", headers });
    const { answer, detail } = await response.json();
    notify(answer ?? detail);
  } catch {
    notify("No connection to the relay.");
  }
  setTimeout(notify, NOTICE_FOR, "");
}

if (context) {
  context.onstatechange = soundChanged;
  element("hear").onclick = () => context.resume();
  // A browser that lets the page play does so at once; the button is for one that does not.
  setTimeout(() => (element("hear").hidden = hasSound()), 300);
  setInterval(() => player.tick(), REPORT_EVERY);
}
element("interrupt").hidden = options.get("controls") !== "1";
element("interrupt").onclick = interrupt;
expectConnection();
connect();
