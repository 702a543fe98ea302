// Pictures of the companion, all loaded beforehand and one of them shown: by state and mood, with blinks and bounces.
// They are called [mood.]state[.closed][.blink].png; what is not there is replaced by what is nearest to it.

const BLINK = 150; // milliseconds the eyes are shut
const BLINK_EVERY = [2000, 6000]; // milliseconds between two blinks, drawn from this range
const RETRY = 3000; // milliseconds before pictures that could not be had are asked for again

export class Avatar {
  // `load` answers what the relay has at an address below /overlay/avatar.
  constructor(box, { load, bounces, blinks }) {
    this.box = box;
    this.load = load;
    this.images = new Map();
    this.pose = { state: "silent", mood: "", open: false };
    this.isBlinking = false;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.classList.toggle("bouncing", bounces && !isCalm);
    box.hidden = false;
    this.prepare();
    if (blinks && !isCalm) this.blinkLater();
  }

  async prepare() {
    try {
      const { pictures } = await (await this.load("")).json();
      const loaded = await Promise.all(pictures.map((name) => this.picture(name)));
      this.images = new Map(loaded.filter((entry) => entry !== null));
      this.box.replaceChildren(...this.images.values());
      this.draw();
    } catch {
      setTimeout(() => this.prepare(), RETRY);
    }
  }

  async picture(name) {
    const response = await this.load(`/${encodeURIComponent(name)}`);
    if (!response.ok) return null;
    const called = name.toLowerCase().replace(/\.png$/, "");
    const image = new Image();
    image.alt = "";
    image.dataset.name = called;
    image.src = URL.createObjectURL(await response.blob());
    try {
      await image.decode();
    } catch {
      return null; // not a picture
    }
    return [called, image];
  }

  show(pose) {
    this.pose = pose;
    this.draw();
  }

  // What comes closest to the pose, the best first.
  *names() {
    const { state, mood, open } = this.pose;
    const moods = mood === "" ? [""] : [`${mood}.`, ""];
    if (state === "speaking" && !open) for (const prefix of moods) yield `${prefix}speaking.closed`;
    else for (const prefix of moods) yield `${prefix}${state}`;
    for (const prefix of moods) yield `${prefix}silent`;
  }

  draw() {
    const name = [...this.names()].find((each) => this.images.has(each));
    const shut = this.isBlinking ? this.images.get(`${name}.blink`) : undefined;
    const shown = shut ?? this.images.get(name);
    for (const image of this.images.values()) image.classList.toggle("shown", image === shown);
    this.box.dataset.state = this.pose.state;
    this.box.dataset.mood = this.pose.mood;
    this.box.classList.toggle("open", this.pose.open);
  }

  blinkLater() {
    const [least, most] = BLINK_EVERY;
    setTimeout(() => this.blink(true), least + Math.random() * (most - least));
  }

  blink(isBlinking) {
    this.isBlinking = isBlinking;
    this.draw();
    if (isBlinking) setTimeout(() => this.blink(false), BLINK);
    else this.blinkLater();
  }
}
