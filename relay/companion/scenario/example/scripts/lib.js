// What several scripts use.
import { chat } from "@voxta";

/** Count one more of something, and tell how many there were in this chat. */
export function count(name) {
  return chat.set(name, chat.get(name, 0) + 1);
}
