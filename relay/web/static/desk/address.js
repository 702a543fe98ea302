// What the page's own address says: the token, which a dock has no other place for, and which part is shown.

const options = new URLSearchParams(location.search);

export const token = options.get("token");
export const headers = token ? { Authorization: `Bearer ${token}` } : {};

// "/dock/next" is the dock "next", "/dock" is "all"; null on the whole page.
export const dock = /^\/dock(\/|$)/.test(location.pathname) ? location.pathname.split("/")[2] || "all" : null;

// An address of the relay with the token in it, for links and WebSockets.
export function withToken(path, base = location.href) {
  const address = new URL(path, base);
  if (token) address.searchParams.set("token", token);
  return address;
}
