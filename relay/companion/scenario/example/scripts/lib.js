// What several scripts use.
import { chat } from "@voxta";

/** Count one more of something, and tell how many there were in this chat. */
export function count(name) {
  return chat.set(name, chat.get(name, 0) + 1);
}

/** A number by chance, from 1 to the highest. */
export function upTo(highest) {
  return 1 + Math.floor(Math.random() * highest);
}
