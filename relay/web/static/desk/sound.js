// Two soft notes when something waits for a decision, for who switches that on. Made by the browser: there is no file.

const STORED = "relay.sound";
const NOTES = [660, 880]; // Hz
const EVERY = 3000; // milliseconds between two of them
let context = null;
let last = -EVERY;

export function chimes() {
  return localStorage.getItem(STORED) === "on";
}

export function switchChimes(on) {
  localStorage.setItem(STORED, on ? "on" : "off");
  if (on) chime();
}

// Where the browser holds sound back until somebody clicks, the newest alone of those that waited is heard, if they
// are still wanted then.
export async function chime() {
  const now = performance.now();
  if (!chimes() || now - last < EVERY) return;
  last = now;
  context ??= new AudioContext();
  await context.resume();
  if (chimes() && now === last) NOTES.forEach((frequency, index) => play(frequency, context.currentTime + index * 0.14));
}

function play(frequency, at) {
  const note = new OscillatorNode(context, { frequency });
  const loudness = new GainNode(context, { gain: 0 });
  loudness.gain.setValueAtTime(0, at);
  loudness.gain.linearRampToValueAtTime(0.12, at + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
  note.connect(loudness).connect(context.destination);
  note.start(at);
  note.stop(at + 0.5);
}
