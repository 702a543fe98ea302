// Runs when a chat is opened. Apps tell what happens with `app:` events; the arguments are named by the app.
import { chat } from "@voxta";
import { count } from "./lib";

chat.addEventListener("start", () => {
  chat.variables.raids = 0;
});

chat.addEventListener("app:raid", (e) => {
  const raids = count("raids");
  chat.setFlag("raid", { seconds: 120 });
  chat.event(`${e.arguments.name} brings ${e.arguments.viewers} viewers along. It is raid number ${raids} tonight!`);
  e.afterSpeech(() => chat.appTrigger("confetti", raids));
});
