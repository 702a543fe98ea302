// Drives the published SignalR client: messages to send come as lines of JSON, what happens goes out as lines of JSON.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { argv, stdin } from "node:process";

const { installed, url, keys, skipNegotiation, reconnect } = JSON.parse(argv[2]);
const signalr = createRequire(`${installed}/package.json`)("@microsoft/signalr");
const tell = (event, about = {}) => console.log(JSON.stringify({ event, ...about }));

const transport = skipNegotiation ? { skipNegotiation, transport: signalr.HttpTransportType.WebSockets } : {};

function build(key) {
  const access = key ? { accessTokenFactory: () => key } : {};
  const builder = new signalr.HubConnectionBuilder()
    .withUrl(`${url}/hub`, { ...transport, ...access })
    .configureLogging(signalr.LogLevel.None);
  const connection = (reconnect ? builder.withAutomaticReconnect(reconnect) : builder).build();

  connection.on("ReceiveMessage", (message) => tell("message", { message }));
  connection.onreconnecting(() => tell("reconnecting"));
  connection.onreconnected(() => tell("reconnected"));
  connection.onclose((error) => tell("closed", { error: error?.message ?? null }));
  return connection;
}

let connection;
for (const key of keys ?? [null]) {
  connection = build(key);
  try {
    await connection.start();
    tell("connected", { key });
    break;
  } catch (error) {
    tell("refused", { key, error: error.message });
  }
}
for await (const line of createInterface({ input: stdin })) {
  const message = JSON.parse(line);
  connection.invoke("SendMessage", message).then(
    () => tell("completed", { kind: message.$type }),
    (error) => tell("failed", { kind: message.$type, error: error.message }),
  );
}
await connection.stop();
