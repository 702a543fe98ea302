// The one WebSocket to the relay. It comes back by itself for ever, and is told the state anew each time.

import { at, socketAt } from "../places.js";
import { headers, withToken } from "./address.js";
import { number, t } from "./texts.js";

const RETRY_FIRST = 250; // milliseconds before the first try to connect again; doubled each time
const RETRY_MOST = 2000;
const ANSWER_WITHIN = 35_000; // milliseconds; a control may have to wait 30 s for Voxta
const QUIET = 10_000; // milliseconds without a word after which the relay is asked for a sign of life
const SIGN_WITHIN = 5000; // milliseconds for that sign
const WHY_WITHIN = 15_000; // milliseconds to learn why it is gone; who has a wrong token waits up to 10 s for that

const encoder = new TextEncoder();

// As many as a text has when it is sent.
export function bytes(text) {
  return encoder.encode(text).length;
}

// Why the relay did not do what it was asked for. `field` names what does not fit, if that is it.
export class Refusal extends Error {
  constructor({ code = "failed", text = "", field = null } = {}) {
    super(text);
    this.code = code;
    this.field = field;
  }
}

export class Connection extends EventTarget {
  constructor() {
    super();
    this.hello = null; // {role, name, limit, version, character}, once the relay has said it; `limit` is in bytes of a frame
    this.state = "connecting"; // open, away (the relay is not there), refused (the token does not fit)
    this.watchers = new Map(); // topic → callbacks
    this.newest = new Map(); // topic → its state, for who begins to watch what is shown already
    this.questions = new Map(); // id → {resolve, reject, timer}
    this.shown = "";
    this.anew = new Set(); // topics that are shown already and have to be told from the beginning
    this.attempts = 0;
    this.number = 0;
    this.socket = null;
    this.quiet = null;
  }

  // What happens with a topic: callback(state), or callback({anew, rows}) for logs. Answers how to stop it.
  // The newest state comes at once, and again whenever the connection is back.
  watch(topic, callback) {
    if (!this.watchers.has(topic)) this.watchers.set(topic, new Set());
    else if (!this.newest.has(topic)) this.anew.add(topic);
    this.watchers.get(topic).add(callback);
    if (this.newest.has(topic)) callback(this.newest.get(topic));
    this.show();
    return () => this.unwatch(topic, callback);
  }

  unwatch(topic, callback) {
    const callbacks = this.watchers.get(topic);
    if (!callbacks?.delete(callback) || callbacks.size > 0) return;
    this.watchers.delete(topic);
    this.newest.delete(topic);
    this.anew.add(topic);
    this.show();
  }

  // Have something done: the answer, or a Refusal.
  ask(action, fields = {}) {
    if (this.state !== "open") {
      return Promise.reject(new Refusal({ code: "away", text: t("The relay is not there.") }));
    }
    const id = ++this.number;
    const frame = JSON.stringify({ id, do: action, with: fields });
    const size = bytes(frame);
    if (size > this.hello.limit) return Promise.reject(new Refusal({ code: "invalid", text: tooLarge(size, this.hello.limit) }));
    this.socket.send(frame);
    return new Promise((resolve, reject) => {
      const late = () => this.answer({ id, ok: false, error: { code: "late", text: t("The relay did not answer.") } });
      this.questions.set(id, { resolve, reject, timer: setTimeout(late, ANSWER_WITHIN) });
    });
  }

  // What one view watches: put it to sleep while the view is not seen, and its topics cost nothing.
  part() {
    return new Part(this);
  }

  connect() {
    const socket = new WebSocket(withToken(socketAt("desk/ws")));
    this.socket = socket;
    this.listen();
    socket.onmessage = ({ data }) => socket === this.socket && this.hear(JSON.parse(data));
    socket.onclose = () => socket === this.socket && this.lose();
  }

  hear(message) {
    this.listen();
    if ("hello" in message) this.greet(message.hello);
    else if ("topic" in message) this.tell(message);
    else if ("id" in message) this.answer(message);
  }

  greet(hello) {
    if (this.hello && this.hello.version !== hello.version) return location.reload();
    this.hello = hello;
    this.attempts = 0;
    this.shown = "";
    this.become("open");
    this.show();
  }

  tell(message) {
    const { topic, state } = message;
    if (!this.watchers.has(topic)) return; // it was on its way when the last one stopped watching
    if (state !== undefined) this.newest.set(topic, state);
    for (const callback of [...this.watchers.get(topic)]) callback(state ?? message);
  }

  answer({ id, ok, answer, error }) {
    const question = this.questions.get(id);
    if (!question) return;
    this.questions.delete(id);
    clearTimeout(question.timer);
    if (ok) question.resolve(answer);
    else question.reject(new Refusal(error));
  }

  // Say which topics are wanted, if that changed; once for all that changes in one go.
  show() {
    if (this.showing) return;
    this.showing = true;
    queueMicrotask(() => {
      this.showing = false;
      const wanted = [...this.watchers.keys()].sort();
      const kept = wanted.filter((topic) => !this.anew.has(topic));
      this.anew.clear();
      if (this.state !== "open") return;
      if (kept.length < wanted.length) this.send(kept);
      this.send(wanted);
    });
  }

  send(topics) {
    const frame = JSON.stringify({ show: topics });
    if (frame === this.shown) return;
    this.shown = frame;
    this.socket.send(frame);
  }

  // A connection that died without a word is noticed: any answer is a sign of life, even a refusal.
  listen() {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => {
      if (this.state !== "open") return this.lose();
      this.ask("ping").catch(() => {});
      this.quiet = setTimeout(() => this.lose(), SIGN_WITHIN);
    }, QUIET);
  }

  async lose() {
    const lost = this.socket;
    this.socket = null;
    clearTimeout(this.quiet);
    lost.close();
    for (const id of [...this.questions.keys()]) {
      this.answer({ id, ok: false, error: { code: "away", text: t("The relay went away before it answered.") } });
    }
    if (this.state !== "refused") this.become("away");
    this.become(await this.why());
    const most = Math.min(RETRY_MOST, RETRY_FIRST * 2 ** Math.min(this.attempts++, 10));
    setTimeout(() => this.connect(), most * (0.5 + Math.random() / 2));
  }

  // A browser does not tell why a WebSocket was refused.
  async why() {
    try {
      const signal = AbortSignal.timeout(WHY_WITHIN); // a relay that went away just now may never answer
      const { status } = await fetch(at("dock"), { method: "HEAD", headers, cache: "no-store", signal });
      return status === 401 || status === 403 ? "refused" : "away";
    } catch {
      return "away";
    }
  }

  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}

// The relay would end the connection.
function tooLarge(size, limit) {
  const [has, most] = [size, limit].map((count) => number(Math.floor(count / 1000)));
  return t("This has {has} kB, and the relay takes {most} kB at once: bring less.", { has, most });
}

class Part {
  constructor(connection) {
    this.connection = connection;
    this.watched = [];
    this.awake = true;
  }

  get hello() {
    return this.connection.hello;
  }

  get state() {
    return this.connection.state;
  }

  addEventListener(...given) {
    this.connection.addEventListener(...given);
  }

  ask(action, fields) {
    return this.connection.ask(action, fields);
  }

  watch(topic, callback) {
    const entry = { topic, callback, stop: null };
    this.watched.push(entry);
    if (this.awake) entry.stop = this.connection.watch(topic, callback);
    return () => {
      entry.stop?.();
      this.watched = this.watched.filter((other) => other !== entry);
    };
  }

  sleep() {
    this.awake = false;
    for (const entry of this.watched) entry.stop?.();
  }

  wake() {
    if (this.awake) return;
    this.awake = true;
    for (const entry of this.watched) entry.stop = this.connection.watch(entry.topic, entry.callback);
  }
}
