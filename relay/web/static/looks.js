// How the captions look, as the page's address says: look=…, at=…, align=…, size=…, lines=…, width=…

const NUMBERS = { size: [8, 400, "px"], lines: [1, 20, ""], width: [10, 100, "%"] };

export function applyLook(options, body, caption) {
  body.dataset.look = options.get("look") ?? "outline";
  body.dataset.at = options.get("at") ?? "bottom";
  body.dataset.align = options.get("align") ?? "center";
  for (const [name, [least, most, unit]] of Object.entries(NUMBERS)) {
    const number = Number(options.get(name) || NaN);
    if (number >= least && number <= most) caption.style.setProperty(`--${name}`, `${number}${unit}`);
  }
}
