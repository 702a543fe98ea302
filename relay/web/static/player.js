// Plays clips one right after the other, and knows to the sample how much of each was heard.

const LEAD = 0.01; // seconds from the decision to play to the first sample
const TOLERANCE = 0.15; // seconds a page may be apart from the one that leads

export class Player {
  // `tell(message)` is for the relay; the captions show what is played.
  constructor(output, { tell, captions }) {
    this.output = output;
    this.tell = tell;
    this.captions = captions;
    this.end = 0; // when the last clip that is scheduled ends, by the output's clock
    this.queue = [];
    this.paused = false;
  }

  // Go on with an empty queue on another output.
  use(output) {
    this.clear();
    this.output = output;
    this.end = 0; // outputs have clocks of their own
  }

  add({ id, speaker, words, duration, start }) {
    const clip = { id, speaker, words, duration, start, loaded: false, source: null, at: 0, heard: false };
    this.queue.push(clip);
    this.load(clip);
  }

  pause() {
    this.paused = true;
    this.halt();
  }

  resume() {
    this.paused = false;
    this.schedule();
  }

  cut() {
    this.halt();
    this.clear();
  }

  // Forget everything; nothing is reported.
  clear() {
    this.stop();
    this.queue = [];
    this.paused = false;
    this.captions.clear();
  }

  setVolume(volume) {
    this.output.setVolume(volume);
  }

  // The leading page is at `seconds` of a clip: go there too.
  follow({ id, seconds }) {
    const index = this.queue.findIndex((clip) => clip.id === id);
    if (index < 0) return;
    const clip = this.queue[index];
    const apart = clip.source ? Math.abs(this.output.now - clip.at - seconds) : Infinity;
    if (apart < TOLERANCE) return;
    this.stop();
    this.queue.splice(0, index);
    clip.start = seconds;
    this.schedule();
  }

  // The captions go along with the sound.
  read() {
    this.output.look();
    const clip = this.queue[0];
    if (clip?.source && clip.heard) this.captions.follow(this.output.now - clip.at);
  }

  // Report where we are; called whenever that may be news.
  tick() {
    const clip = this.queue[0];
    if (!clip?.source) return;
    const seconds = Math.min(this.output.now - clip.at, clip.duration);
    if (seconds < clip.start) {
      this.tickIn(clip.start - seconds);
    } else if (clip.heard) {
      this.tell({ type: "position", id: clip.id, seconds });
    } else {
      clip.heard = true;
      this.tell({ type: "started", id: clip.id, at: seconds });
      this.captions.show(clip);
      this.captions.follow(seconds);
    }
  }

  tickIn(seconds) {
    setTimeout(() => this.tick(), Math.ceil(seconds * 1000));
  }

  async load(clip) {
    try {
      clip.loaded = await this.output.load(clip);
    } catch {
      if (this.queue.includes(clip)) this.tell({ type: "error", id: clip.id }); // what was cut off meanwhile need not come
      return;
    }
    if (!clip.loaded) this.queue = this.queue.filter((other) => other !== clip);
    this.schedule();
  }

  // Hand what is loaded to the output, each clip to begin at the sample where the one before ends.
  schedule() {
    if (this.paused) return;
    for (const clip of this.queue) {
      if (clip.source) continue;
      if (!clip.loaded) return;
      const begin = Math.max(this.end, this.output.now + LEAD);
      clip.source = this.output.start(clip, begin, () => this.finish(clip));
      clip.at = begin - clip.start;
      this.end = clip.at + clip.duration;
      this.tickIn(begin - this.output.now);
    }
  }

  finish(clip) {
    if (!clip.heard) this.tick();
    this.queue.shift();
    this.tell({ type: "ended", id: clip.id });
    if (this.queue.length === 0) this.captions.clear();
    this.tick();
  }

  // Fall silent, keep the place and report it.
  halt() {
    const clip = this.queue[0];
    const wasHeard = clip?.source && this.output.now >= clip.at + clip.start;
    this.stop();
    if (wasHeard) this.tell({ type: "position", id: clip.id, seconds: clip.start });
  }

  stop() {
    const playing = this.queue.filter((clip) => clip.source);
    if (playing.length === 0) return;
    const silent = this.output.stop(playing.map((clip) => clip.source));
    this.end = 0;
    for (const clip of playing) {
      clip.source = null;
      clip.start = Math.min(Math.max(clip.start, silent - clip.at), clip.duration);
    }
  }
}
