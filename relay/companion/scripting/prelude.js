// What scripts see of the chat. Evaluated once, before any script; returns the functions the companion calls.
//
// Nothing here calls out: each call gets the state as JSON, changes its own copy of flags and variables, writes down
// what was ordered, and hands that back as JSON.
(function (config) {
  "use strict";

  const { stringify, parse } = JSON;
  const { InternalError } = globalThis;
  const FLAG = new RegExp(config.flag);
  const random = mulberry32(config.seed);
  const modules = new Map();
  const listeners = new Map();
  const callbacks = new Map();
  let callback = 0;
  let orders = [];
  let errors = [];
  let failure = null;
  let flags = new Set();
  let variables = Object.create(null);
  let state = { time: 0, now: 0, user: {}, characters: [] };

  function order(kind, fields) {
    if (orders.length >= config.orders) {
      throw new RangeError(`a script may order at most ${config.orders} things at a time`);
    }
    orders.push({ __proto__: null, kind, ...fields });
  }

  // Reading what scripts pass

  function text(what, value) {
    if (value === undefined || value === null || String(value).trim() === "") {
      throw new TypeError(`${what}: a text is missing`);
    }
    const read = String(value);
    if (read.length > config.text) {
      throw new RangeError(`${what}: ${read.length} characters are too many; at most ${config.text}`);
    }
    return read;
  }

  function scalar(what, value) {
    const isNumber = typeof value === "number" && Number.isFinite(value);
    if (!isNumber && typeof value !== "string" && typeof value !== "boolean") {
      throw new TypeError(`${what} is a text, a number, true or false, not ${typeof value}`);
    }
    return typeof value === "string" && value.length > config.text ? text(what, value) : value;
  }

  function flagName(what, value) {
    if (typeof value !== "string" || !FLAG.test(value)) {
      throw new TypeError(`${what}: ${String(value).slice(0, 80)} is no flag; use letters, digits and _, ` +
        "with ! before or .value after");
    }
    return value;
  }

  function amount(what, value) {
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) {
      throw new TypeError(`${what} is a number above 0, not ${String(value).slice(0, 40)}`);
    }
    return value;
  }

  // Flags

  function change(name) {
    const isUnset = name.startsWith("!");
    const flag = isUnset ? name.slice(1) : name;
    const isValue = flag.includes(".");
    const values = `${flag.split(".")[0]}.`;
    if (isUnset ? !isValue : isValue) {
      for (const known of [...flags]) if (known.startsWith(values)) flags.delete(known);
    }
    if (isUnset) flags.delete(flag);
    else flags.add(flag);
  }

  function changeFlags(what, names, expiry = {}) {
    names.forEach((name) => flagName(what, name));
    names.forEach(change);
    const messages = amount(`${what}: messages`, expiry.messages);
    order("flags", { changes: names, messages, seconds: amount(`${what}: seconds`, expiry.seconds) });
  }

  function hasFlag(name) {
    flagName("chat.hasFlag", name);
    if (name.startsWith("!")) return !hasFlag(name.slice(1));
    if (flags.has(name)) return true;
    for (const known of flags) if (known.startsWith(`${name}.`)) return true;
    return false;
  }

  // Variables

  function setVariable(name, value) {
    const key = text("chat.variables: the name", name);
    if (value === undefined || value === null) {
      delete variables[key];
      order("variable", { name: key, value: null });
    } else {
      variables[key] = scalar(`chat.variables.${key}`, value);
      order("variable", { name: key, value: variables[key] });
    }
    return value;
  }

  const kept = new Proxy(Object.create(null), {
    get: (_, name) => (typeof name === "string" ? variables[name] : undefined),
    set: (_, name, value) => (setVariable(name, value), true),
    deleteProperty: (_, name) => (setVariable(name, null), true),
    has: (_, name) => name in variables,
    ownKeys: () => Reflect.ownKeys(variables),
    getOwnPropertyDescriptor: (_, name) =>
      name in variables
        ? { value: variables[name], writable: true, enumerable: true, configurable: true }
        : undefined,
  });

  // Messages

  function post(role, what, value) {
    order("post", { role, text: text(`chat.${what}`, value) });
  }

  function customMessage(message) {
    if (message === null || typeof message !== "object") {
      throw new TypeError("chat.customMessage takes an object with role and text");
    }
    order("post", {
      role: message.role ?? "Assistant",
      text: text("chat.customMessage: text", message.text),
      use_story_writer: message.useStoryWriter,
      max_new_tokens: message.maxNewTokens,
      max_sentences: message.maxSentences,
      reply: message.triggerReply,
      narrate: message.narrate,
      character: message.character,
      scenario_role: message.scenarioRole,
    });
  }

  function appTrigger(what, queued, name, values) {
    const read = values.map((value, at) => (value == null ? null : scalar(`chat.${what}: argument ${at + 1}`, value)));
    order("appTrigger", { name: text(`chat.${what}: the name`, name), arguments: read, queued });
  }

  function listen(name, listener) {
    if (typeof listener !== "function") throw new TypeError(`chat.addEventListener('${name}'): a function is missing`);
    const key = text("chat.addEventListener: the name", name);
    if (!listeners.has(key)) listeners.set(key, []);
    listeners.get(key).push(listener);
  }

  const chat = Object.freeze({
    note: (value) => post("Note", "note", value),
    secret: (value) => post("Secret", "secret", value),
    instructions: (value) => post("Instructions", "instructions", value),
    event: (value) => post("Event", "event", value),
    story: (value) => order("post", { role: "Story", text: text("chat.story", value), use_story_writer: true }),
    userMessage: (value) => post("User", "userMessage", value),
    characterMessage: (value) => post("Assistant", "characterMessage", value),
    roleMessage: (role, value) => order("post", {
      role: "Assistant",
      scenario_role: text("chat.roleMessage: the role", role),
      text: text("chat.roleMessage", value),
    }),
    customMessage,
    get user() { return state.user; },
    get characters() { return state.characters.slice(); },
    get roles() {
      const roles = { main: state.characters[0] };
      for (const character of state.characters) roles[character.scenarioRole] = character;
      return roles;
    },
    get variables() { return kept; },
    get: (name, otherwise) => variables[name] ?? otherwise,
    set: (name, value) => setVariable(name, value),
    setFlag: (name, expiry) => changeFlags("chat.setFlag", [name], expiry),
    unsetFlag: (name) => changeFlags("chat.unsetFlag", [String(name).startsWith("!") ? name : `!${name}`]),
    setFlags: (...names) => changeFlags("chat.setFlags", names.flat()),
    hasFlag,
    setRoleEnabled: (role, enabled) =>
      order("role", { role: text("chat.setRoleEnabled: the role", role), enabled: Boolean(enabled) }),
    setContext: (name, value, flag) => order("context", {
      name: text("chat.setContext: the name", name),
      text: value == null || value === "" ? null : text("chat.setContext", value),
      flags: flag == null ? "" : text("chat.setContext: the flag", flag),
    }),
    appTrigger: (name, ...values) => appTrigger("appTrigger", false, name, values),
    queueAppTrigger: (name, ...values) => appTrigger("queueAppTrigger", true, name, values),
    get time() { return state.time; },
    setActions: (key, ...actions) =>
      order("actions", { key: text("chat.setActions: the key", key), actions: plain(actions.flat()) }),
    addEventListener: listen,
    removeEventListener: (name, listener) =>
      listeners.set(name, (listeners.get(name) ?? []).filter((known) => known !== listener)),
  });

  function plain(value) {
    return parse(stringify(value));
  }

  // The e object

  function happening(fields) {
    const e = { ...fields };
    e.afterSpeech = (then) => {
      if (typeof then !== "function") throw new TypeError("e.afterSpeech: a function is missing");
      callbacks.set(++callback, then);
      order("afterSpeech", { callback });
    };
    e.chatFlow = (who) => {
      const known = [state.user, ...state.characters].find((one) => one.id === who?.id);
      if (known === undefined) throw new TypeError("e.chatFlow takes chat.user, or a character such as chat.roles.main");
      order("next", { character_id: known === state.user ? null : known.id });
    };
    e.evaluateNextEvent = () => order("evaluateNextEvent", {});
    e.rewriteUserMessage = (value) => {
      order("rewrite", { text: text("e.rewriteUserMessage", value) });
      if (e.message) e.message.text = String(value);
    };
    return e;
  }

  // Calls

  function described(error) {
    const isError = error instanceof Error;
    return {
      message: isError ? `${error.name}: ${error.message}`.slice(0, 500) : String(error).slice(0, 500),
      stack: isError ? String(error.stack).slice(0, 4000) : "",
    };
  }

  function fail(error) {
    errors.push(described(error));
  }

  function attempt(called, argument) {
    try {
      const result = called(argument);
      if (result instanceof Promise) result.then(undefined, fail);
    } catch (error) {
      fail(error);
    }
  }

  function begin(json) {
    const given = parse(json);
    orders = [];
    errors = [];
    flags = new Set(given.flags);
    variables = Object.assign(Object.create(null), given.variables);
    state = given;
  }

  function end() {
    for (const type of [Object, Array, String, Number, Boolean]) delete type.prototype.toJSON;
    const done = stringify({ orders, errors, listeners: [...listeners].filter(([, all]) => all.length).map(([n]) => n) });
    orders = [];
    errors = [];
    return done;
  }

  function add(path, module) {
    modules.set(path, module);
    return 0;
  }

  function has(path) {
    return modules.has(path);
  }

  // What a module threw that was not added. `found` tells it, or null, once what is left to be done is done.
  function find(path) {
    failure = null;
    import(path).then(undefined, (error) => {
      const isStopped = error instanceof InternalError && error.message === "interrupted";
      failure = isStopped ? null : described(error);
    });
    return 0;
  }

  function found() {
    return stringify(failure);
  }

  function trigger(path, fields) {
    const module = modules.get(path);
    attempt(() => {
      if (typeof module.trigger !== "function") throw new TypeError(`${path} exports no function called trigger`);
      return module.trigger(happening(fields));
    });
  }

  function emit(name, fields) {
    for (const listener of [...(listeners.get(name) ?? [])]) attempt(listener, happening(fields));
  }

  function callBack(id) {
    const then = callbacks.get(id);
    callbacks.delete(id);
    if (then) attempt(then);
  }

  // The world scripts live in

  function mulberry32(seed) {
    let a = seed >>> 0;
    return () => {
      a = (a + 0x6d2b79f5) >>> 0;
      let t = Math.imul(a ^ (a >>> 15), a | 1);
      t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  const SystemDate = Date;
  class ChatDate extends SystemDate {
    constructor(...given) {
      super(...(given.length ? given : [state.now * 1000]));
    }
    static now() {
      return state.now * 1000;
    }
  }
  SystemDate.prototype.constructor = ChatDate;

  function say(...values) {
    const shown = values.map((value) => (typeof value === "object" ? stringify(value) : String(value)));
    order("log", { text: shown.join(" ").slice(0, 2000) });
  }

  Math.random = random;
  const hidden = { value: undefined, writable: false, configurable: false };
  Object.defineProperty(globalThis, "performance", hidden);
  Object.defineProperty(globalThis, "Date", { value: ChatDate, writable: true, configurable: true });
  globalThis.console = Object.freeze({ log: say, info: say, warn: say, error: say, debug: say });

  const calls = { begin, end, add, has, find, found, trigger, emit, callBack };
  Object.defineProperty(globalThis, config.name, { value: Object.freeze({ chat, ...calls }) });
  return 0;
})
