// Whoever looks elsewhere learns that something is held: by the title, by the icon, by a sound, and, with a screen reader, by words.

import { announce } from "./notices.js";
import { chime } from "./sound.js";
import { n } from "./texts.js";
import { mark } from "./title.js";

export function attention(connection) {
  let before = 0;
  connection.watch("strip", ({ held }) => {
    if (held !== before) mark(held);
    if (held > before) {
      announce(n("{count} message waits for a decision", "{count} messages wait for a decision", held));
      chime();
    }
    before = held;
  });
}
