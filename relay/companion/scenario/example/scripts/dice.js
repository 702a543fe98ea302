// The effect of the action roll_dice.
import { chat } from "@voxta";
import { upTo } from "./lib";

export function trigger(e) {
  const sides = Math.max(2, Math.min(100, Number(e.arguments.sides ?? 6) || 6));
  const rolled = upTo(sides);
  chat.note(`${e.character.name} rolls a die with ${sides} sides: ${rolled}.`);
  if (rolled === chat.variables.lucky_number) chat.secret("That is the lucky number of the night. {{ char }} is thrilled.");
  chat.appTrigger("dice", rolled, sides);
  chat.setFlag("dice_rest", { messages: 4 });
}
