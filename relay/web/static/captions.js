// Shows what is said, word by word as it is said, and keeps that in view.

const LINES_BEFORE = 1; // lines that stay above the one that is said

export class Captions {
  // `box` holds an element `.speaker` and an element `.words`.
  constructor(box, { named }) {
    this.box = box;
    this.speaker = box.querySelector(".speaker");
    this.words = box.querySelector(".words");
    this.named = named;
    this.spans = [];
    this.ends = [];
    this.current = -1;
  }

  show({ speaker, words }) {
    this.ends = words.map(([, end]) => end);
    this.current = -1;
    this.spans = words.map(([text]) => {
      const span = document.createElement("span");
      span.className = "word";
      span.textContent = text;
      return span;
    });
    this.words.replaceChildren(...this.spans);
    this.words.scrollTop = 0;
    this.speaker.textContent = speaker;
    this.speaker.hidden = !this.named || speaker === "";
    this.box.dataset.character = speaker;
    this.box.style.setProperty("--hue", hue(speaker));
    this.box.hidden = words.length === 0;
  }

  clear() {
    this.box.hidden = true;
    this.spans = [];
    this.words.replaceChildren();
    this.speaker.textContent = "";
  }

  // So many seconds of what is shown were heard.
  follow(seconds) {
    if (this.spans.length === 0) return;
    const found = this.ends.findIndex((end) => end > seconds);
    const current = found < 0 ? this.spans.length : found;
    if (current !== this.current) {
      this.current = current;
      this.spans.forEach((span, index) => {
        span.classList.toggle("said", index < current);
        span.classList.toggle("now", index === current);
      });
    }
    this.keepInView(Math.min(current, this.spans.length - 1), seconds);
  }

  keepInView(index, seconds) {
    const { words } = this;
    if (words.scrollHeight <= words.clientHeight) return;
    const span = this.spans[index];
    const line = parseFloat(getComputedStyle(words).lineHeight);
    const from = index > 0 ? this.ends[index - 1] : 0;
    const share = Math.min(1, Math.max(0, (seconds - from) / (this.ends[index] - from || 1)));
    const within = Math.round((share * (span.offsetHeight - line)) / line) * line; // a word may be longer than a line
    const top = span.offsetTop + Math.max(0, within);
    const isInView = top >= words.scrollTop && top + line <= words.scrollTop + words.clientHeight + 1;
    const before = words.clientHeight >= (LINES_BEFORE + 1) * line ? LINES_BEFORE * line : 0;
    if (!isInView) words.scrollTop = top - before;
  }
}

// Each name has a colour of its own, always the same.
function hue(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)) % 360;
  return sum;
}
