// Runs when a chat is opened: it says what to listen for. All of a script's values are lost when the chat is closed;
// flags and chat.variables are kept.
import { chat } from "@voxta";
import { count, upTo } from "./lib";

// Once, at the beginning of a new chat.
chat.addEventListener("start", () => {
  chat.variables.lucky_number = upTo(6);
});

// Whatever is said to the character, before it answers.
chat.addEventListener("userMessageReceived", (e) => {
  if (/\b(hype|let'?s go|pog)\b/i.test(e.message.text)) chat.setFlag("hype", { messages: 10 });
});

// An action, by its name, after it had its effect.
chat.addEventListener("action:roll_dice", () => count("rolls"));

chat.addEventListener("action:shoutout", (e) => {
  chat.note(`${e.user.name} sends everybody over to ${e.arguments.login}.`);
});

// Apps tell what happens with `app:` events, which name their arguments. The relay's are app:chat, app:raid, app:cheer
// and so on, with author, platform, text, amount and detail.
chat.addEventListener("app:raid", (e) => {
  const { author = "another channel", platform = "", amount = "0" } = e.arguments;
  const raids = count("raids");
  chat.setFlag("raid", { seconds: 120 });
  chat.unsetFlag("raiders_asked");
  chat.note(`That was raid number ${raids} tonight.`);
  // App triggers reach apps, and the relay: what `allow` in its settings names is done in the stream.
  chat.appTrigger("post", `Welcome, raiders of ${author}! Grab a seat.`, platform.toLowerCase());
  e.afterSpeech(() => chat.appTrigger("confetti", Number(amount)));
});
