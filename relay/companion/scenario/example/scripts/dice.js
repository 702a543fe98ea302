// The effect of the action roll_dice.
import { chat } from "@voxta";

export function trigger(e) {
  const sides = Math.max(2, Math.min(100, Number(e.arguments.sides ?? 6) || 6));
  const rolled = 1 + Math.floor(Math.random() * sides);
  chat.note(`${e.character.name} rolls a die with ${sides} sides: ${rolled}.`);
  chat.appTrigger("dice", rolled, sides);
  chat.setFlag("dice_rest", { messages: 4 });
}
