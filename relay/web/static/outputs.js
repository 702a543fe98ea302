// What a player plays on: the browser's sound, or nothing but the time that passes. Times are in seconds.

export const RAMP = 0.005; // seconds of a fade: what is cut off without one clicks
const VOLUME_CHANGE = 0.01; // seconds, as a time constant

export class SoundOutput {
  // `fetchClip(id)` answers with the bytes of a WAV file, or null when the clip is no longer wanted.
  constructor(context, fetchClip) {
    this.context = context;
    this.fetchClip = fetchClip;
    this.volume = new GainNode(context);
    this.volume.connect(context.destination);
    this.gate = null; // what plays goes through one, closed without a click when it has to fall silent
  }

  get now() {
    return this.context.currentTime;
  }

  setVolume(volume) {
    this.volume.gain.setTargetAtTime(volume, this.now, VOLUME_CHANGE);
  }

  // Whether the clip is still wanted.
  async load(clip) {
    const wav = await this.fetchClip(clip.id);
    clip.buffer = wav && (await this.context.decodeAudioData(wav));
    if (clip.buffer) clip.duration = clip.buffer.duration;
    return clip.buffer !== null;
  }

  // Play a clip from `clip.start` on, the first sample at `begin`.
  start(clip, begin, ended) {
    const source = new AudioBufferSourceNode(this.context, { buffer: clip.buffer });
    this.openGate(begin, clip.start > 0);
    source.connect(this.gate);
    source.onended = ended;
    source.start(begin, clip.start);
    return source;
  }

  // Clips that begin in the middle fade in.
  openGate(begin, fades) {
    if (this.gate) return;
    this.gate = new GainNode(this.context);
    this.gate.connect(this.volume);
    if (fades) this.gate.gain.setValueAtTime(0, begin).linearRampToValueAtTime(1, begin + RAMP);
  }

  // Stop these; answers when it is silent.
  stop(sources) {
    const silent = this.now + RAMP;
    this.gate?.gain.cancelScheduledValues(this.now).setValueAtTime(1, this.now).linearRampToValueAtTime(0, silent);
    this.gate = null;
    for (const source of sources) {
      source.onended = null;
      source.stop(silent);
    }
    return silent;
  }

  look() {}

  // A sound beside the speech.
  async effect(bytes) {
    const source = new AudioBufferSourceNode(this.context, { buffer: await this.context.decodeAudioData(bytes) });
    source.connect(this.volume);
    source.start();
  }
}

export class SilentOutput {
  constructor() {
    this.playing = new Set();
  }

  get now() {
    return performance.now() / 1000;
  }

  setVolume() {}

  async load() {
    return true;
  }

  start(clip, begin, ended) {
    const source = { end: begin - clip.start + clip.duration, ended };
    this.playing.add(source);
    setTimeout(() => this.look(), Math.ceil((source.end - this.now) * 1000));
    return source;
  }

  stop(sources) {
    for (const source of sources) this.playing.delete(source);
    return this.now;
  }

  // End what is over; also called from outside, since browsers hold back the timers of pages that are not seen.
  look() {
    for (const source of [...this.playing]) {
      if (source.end > this.now || !this.playing.delete(source)) continue;
      source.ended();
    }
  }
}
