// Shows how captions look without a relay that speaks: a sentence, said again and again at the pace of speech.

const WORD = 0.35; // seconds
const REST = 1.5; // seconds between two times
const STEP = 50; // milliseconds

export function preview(captions, { text, speaker }) {
  const words = text.split(/(?<=\s)/).map((word, index) => [word, (index + 1) * WORD]);
  const whole = words.length * WORD + REST;
  const begin = performance.now();
  captions.show({ speaker, words });
  setInterval(() => captions.follow(((performance.now() - begin) / 1000) % whole), STEP);
}
