// Plays a WAV file that came as base64.

let context = null;

export async function playWav(base64) {
  context ??= new AudioContext();
  await context.resume();
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const source = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(bytes.buffer) });
  source.connect(context.destination);
  source.start();
}
