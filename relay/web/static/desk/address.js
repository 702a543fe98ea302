// What the page's own address says: the token, which a dock has no other place for, and which part is shown.

import { here } from "../places.js";

const options = new URLSearchParams(location.search);

export const token = options.get("token");
export const headers = token ? { Authorization: `Bearer ${token}` } : {};

// "/dock/next" is the dock "next", "/dock" is "all"; null on the whole page.
export const dock = /^\/dock(\/|$)/.test(here()) ? here().split("/")[2] || "all" : null;

// An address with the token in it, for links and WebSockets.
export function withToken(address) {
  if (token) address.searchParams.set("token", token);
  return address;
}
