// Plays clips one right after the other, and knows to the sample how much of each was heard.

const LEAD = 0.01; // seconds from the decision to play to the first sample
const RAMP = 0.005; // seconds of a fade: what is cut off without one clicks
const TOLERANCE = 0.15; // seconds a page may be apart from the one that leads
const VOLUME_CHANGE = 0.01; // seconds, as a time constant

export class Player {
  // `fetchClip(id)` answers with the bytes of a WAV file, or null when the clip is no longer wanted. `tell(message)` is
  // for the relay, `show(text)` for the captions.
  constructor(context, { fetchClip, tell, show }) {
    this.context = context;
    this.fetchClip = fetchClip;
    this.tell = tell;
    this.show = show;
    this.volume = new GainNode(context);
    this.volume.connect(context.destination);
    this.gate = null; // what plays goes through one, closed without a click when it has to fall silent
    this.end = 0; // when the last clip that is scheduled ends, in the context's time
    this.queue = [];
    this.paused = false;
  }

  add({ id, text, duration, start }) {
    const clip = { id, text, duration, start, buffer: null, source: null, at: 0, heard: false };
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
    this.show("");
  }

  setVolume(volume) {
    this.volume.gain.setTargetAtTime(volume, this.context.currentTime, VOLUME_CHANGE);
  }

  // The leading page is at `seconds` of a clip: go there too.
  follow({ id, seconds }) {
    const index = this.queue.findIndex((clip) => clip.id === id);
    if (index < 0) return;
    const clip = this.queue[index];
    const apart = clip.source ? Math.abs(this.context.currentTime - clip.at - seconds) : Infinity;
    if (apart < TOLERANCE) return;
    this.stop();
    this.queue.splice(0, index);
    clip.start = seconds;
    this.schedule();
  }

  // Report where we are; called whenever that may be news.
  tick() {
    const clip = this.queue[0];
    if (!clip?.source) return;
    const seconds = Math.min(this.context.currentTime - clip.at, clip.duration);
    if (seconds < clip.start) {
      this.tickIn(clip.start - seconds);
    } else if (clip.heard) {
      this.tell({ type: "position", id: clip.id, seconds });
    } else {
      clip.heard = true;
      this.tell({ type: "started", id: clip.id, at: seconds });
      this.show(clip.text);
    }
  }

  tickIn(seconds) {
    setTimeout(() => this.tick(), Math.ceil(seconds * 1000));
  }

  async load(clip) {
    try {
      const wav = await this.fetchClip(clip.id);
      clip.buffer = wav && (await this.context.decodeAudioData(wav));
    } catch {
      this.tell({ type: "error", id: clip.id });
      return;
    }
    if (!clip.buffer) this.queue = this.queue.filter((other) => other !== clip);
    this.schedule();
  }

  // Hand what is loaded to the audio thread, each clip to begin at the sample where the one before ends.
  schedule() {
    if (this.paused) return;
    for (const clip of this.queue) {
      if (clip.source) continue;
      if (!clip.buffer) return;
      const begin = Math.max(this.end, this.context.currentTime + LEAD);
      clip.source = new AudioBufferSourceNode(this.context, { buffer: clip.buffer });
      this.openGate(begin, clip.start > 0);
      clip.source.connect(this.gate);
      clip.source.onended = () => this.finish(clip);
      clip.source.start(begin, clip.start);
      clip.at = begin - clip.start;
      this.end = clip.at + clip.buffer.duration;
      this.tickIn(begin - this.context.currentTime);
    }
  }

  // Clips that begin in the middle fade in.
  openGate(begin, fades) {
    if (this.gate) return;
    this.gate = new GainNode(this.context);
    this.gate.connect(this.volume);
    if (fades) this.gate.gain.setValueAtTime(0, begin).linearRampToValueAtTime(1, begin + RAMP);
  }

  finish(clip) {
    if (!clip.heard) this.tick();
    this.queue.shift();
    this.tell({ type: "ended", id: clip.id });
    if (this.queue.length === 0) this.show("");
    this.tick();
  }

  // Fall silent, keep the place and report it.
  halt() {
    const clip = this.queue[0];
    const wasHeard = clip?.source && this.context.currentTime >= clip.at + clip.start;
    this.stop();
    if (wasHeard) this.tell({ type: "position", id: clip.id, seconds: clip.start });
  }

  stop() {
    if (!this.gate) return;
    const now = this.context.currentTime;
    const silent = now + RAMP;
    this.gate.gain.cancelScheduledValues(now).setValueAtTime(1, now).linearRampToValueAtTime(0, silent);
    this.gate = null;
    this.end = 0;
    for (const clip of this.queue) {
      if (!clip.source) continue;
      clip.source.onended = null;
      clip.source.stop(silent);
      clip.source = null;
      clip.start = Math.min(Math.max(clip.start, silent - clip.at), clip.duration);
    }
  }
}
