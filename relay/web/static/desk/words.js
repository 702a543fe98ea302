// Codes of the relay in words.

import { n, t } from "./texts.js";
import { told } from "./told.js";

export const KINDS = {
  chat: t("chat"),
  ask: t("question by command"),
  follow: t("follow"),
  subscribe: t("subscription"),
  resubscribe: t("renewed subscription"),
  gift: t("gifted subscriptions"),
  cheer: t("cheer"),
  raid: t("raid"),
  redemption: t("reward"),
  upgrade: t("upgraded subscription"),
  pay_it_forward: t("gift passed on"),
  charity: t("donation"),
  watch_streak: t("watch streak"),
  bits_badge_tier: t("bits badge"),
  modiversary: t("moderator's anniversary"),
  announcement: t("announcement"),
  voice: t("said aloud"),
};

// Why a message waits where it does.
const REASONS = {
  first: t("moved to the front"),
  spoken: null, // its kind says it
  staff: t("from you or a moderator"),
  event: null, // its kind says it
  addressed: t("speaks to the companion"),
  question: t("a question"),
  supporter: t("supports the channel"),
  told: t("is only told, needs no answer"),
};

export function reasons({ reasons: codes, kind, others = 0 }) {
  const words = codes.map((code) => (code in REASONS ? REASONS[code] : code)).filter(Boolean);
  if (kind !== "chat" && kind in KINDS) words.unshift(KINDS[kind]);
  if (others > 0) words.push(n("{count} other says the same", "{count} others say the same", others));
  return words;
}

// Why nothing is passed on at the moment.
export const HALTS = {
  paused: t("Paused: nothing is passed on, and what waits too long expires."),
  off_stream: t("Nothing is streamed, so nothing is passed on."),
  quiet_hours: t("Quiet hours: nothing is passed on."),
  away: t("The companion is away; all of this waits for it."),
};

// Why something is held, in the relay's words; several are joined by commas. What is not here is shown as it is.
const HELD = {
  "blocked term": t("blocked term"),
  link: t("link"),
  "first message": t("first message"),
  "personal data": t("personal data"),
  "a filter failed": t("a filter failed, the log says why"),
};

export function heldBecause(reason) {
  return reason.split(", ").map((one) => HELD[one] ?? told(one)).join(", ");
}
