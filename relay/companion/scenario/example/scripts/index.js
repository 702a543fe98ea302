// Runs when a chat is opened. Apps tell what happens with `app:` events, which name their arguments. The relay's are
// app:chat, app:raid, app:cheer and so on, with author, platform, text, amount and detail.
import { chat } from "@voxta";
import { count } from "./lib";

chat.addEventListener("start", () => {
  chat.variables.raids = 0;
});

chat.addEventListener("app:raid", (e) => {
  const raids = count("raids");
  chat.setFlag("raid", { seconds: 120 });
  chat.note(`That was raid number ${raids} tonight.`);
  // App triggers reach apps, and the relay: what `allow` in its settings names is done in the stream.
  chat.appTrigger("post", `Welcome, raiders of ${e.arguments.author}! Grab a seat.`, e.arguments.platform.toLowerCase());
  e.afterSpeech(() => chat.appTrigger("confetti", e.arguments.amount));
});
