// What happened and what became of it, in words. The relay tells codes and values.

import { n, t } from "./texts.js";
import { told } from "./told.js";

const KINDS = {
  ask: () => t("asks"),
  voice: () => t("says aloud"),
  announcement: () => t("announces"),
  follow: () => t("follows"),
  subscribe: () => t("subscribes"),
  resubscribe: ({ amount }) => n("subscribed for {count} month", "subscribed for {count} months", amount ?? 1),
  gift: ({ amount }) => n("gifts {count} subscription", "gifts {count} subscriptions", amount ?? 1),
  cheer: ({ amount }) => n("cheers {count} bit", "cheers {count} bits", amount ?? 1),
  raid: ({ amount }) => n("raids with {count} viewer", "raids with {count} viewers", amount ?? 1),
  redemption: ({ detail }) => t("redeems {reward}", { reward: detail ?? t("a reward") }),
  upgrade: () => t("goes on with a paid subscription"),
  pay_it_forward: () => t("passes a gifted subscription on"),
  charity: ({ detail }) => t("donates {amount}", { amount: detail ?? "" }),
  watch_streak: ({ amount }) => n("watched {count} stream in a row", "watched {count} streams in a row", amount ?? 1),
  bits_badge_tier: ({ amount }) => n("earned the badge for {count} bit", "earned the badge for {count} bits", amount ?? 1),
  member: () => t("joins the server"),
  boost: () => t("boosts the server"),
};

// What somebody did, to go on from their name; "" for what is only said.
export function deed(row) {
  if (row.kind === "chat") return "";
  return KINDS[row.kind]?.(row) ?? row.detail ?? row.kind.replaceAll("_", " ");
}

// A platform as people call it.
export function place(platform) {
  return platform.charAt(0).toUpperCase() + platform.slice(1);
}

const OUTCOMES = {
  forwarded: t("told"),
  merged: t("counted with others"),
  answered: t("done"),
  held: t("held"),
  rejected: t("refused"),
  expired: t("passed over"),
  dropped: t("taken back"),
};

export const OUTCOME_NAMES = { waiting: t("waiting"), ...OUTCOMES };

// In a word or two, for a row.
export function outcome(row) {
  return OUTCOMES[row.outcome] ?? t("waiting");
}

// In a sentence, with the reason.
export function why(row) {
  const reason = told(row.reason ?? "");
  switch (row.outcome) {
    case null:
      return t("It waits for its turn, or is being told just now.");
    case "forwarded":
      return row.reply ? t("The companion was told, and answered.") : t("The companion was told.");
    case "merged":
      return t("It counts together with others ({reason}).", { reason });
    case "answered":
      return t("The relay did it itself ({reason}).", { reason });
    case "held":
      return t("It was held and nobody decided ({reason}).", { reason });
    case "rejected":
      return t("It was refused: {reason}.", { reason });
    case "expired":
      return t("It was passed over: {reason}.", { reason });
    default:
      return t("It was taken back: {reason}.", { reason });
  }
}

const clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" });

// When it happened, of what was so many seconds old when the relay told it.
export function at(age, told = Date.now()) {
  return clock.format(told - 1000 * age);
}
