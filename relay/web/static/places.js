// Where things are. The relay may be served under a path of its own, such as /c/ann/: this script's address tells.

const ROOT = new URL("../", import.meta.url);

// The address of what the relay itself calls "/overlay/ws", or "overlay/ws".
export function at(path) {
  return new URL(path.replace(/^\/+/, ""), ROOT);
}

export function socketAt(path) {
  const address = at(path);
  address.protocol = address.protocol.replace("http", "ws");
  return address;
}

// The page that is open, as the relay calls it: "/dock/next".
export function here() {
  return `/${location.pathname.slice(ROOT.pathname.length)}`;
}
