// What people in the voice channel said: the newest lines, each for as long as it takes to read it.

const LINES = 3; // at a time
const LEAST = 4000; // milliseconds a line stays
const PER_CHARACTER = 70; // milliseconds more for each

export class Subtitles {
  constructor(box) {
    this.box = box;
  }

  add({ name, text }) {
    const line = document.createElement("p");
    line.dir = "auto";
    line.dataset.person = name;
    const who = document.createElement("span");
    who.className = "person";
    who.textContent = name;
    const said = document.createElement("span");
    said.className = "said-text";
    said.textContent = text;
    line.append(who, " ", said);
    this.box.append(line);
    while (this.box.children.length > LINES) this.box.firstElementChild.remove();
    this.box.hidden = false;
    setTimeout(() => this.drop(line), LEAST + PER_CHARACTER * text.length);
  }

  drop(line) {
    line.remove();
    this.box.hidden = this.box.children.length === 0;
  }
}
