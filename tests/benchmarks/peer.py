"""Feeds a crowd to the published Twitch relay. Runs under the Python of the environment it is installed in.

Reads one JSON object a line from standard input: at (seconds), author, text. Twitch itself is left out: each message is
handed to the bot as TwitchIO 2 hands it over, as a task of its own. Prints `ready`, and then when it handed each over,
in seconds of the machine's monotonic clock. With `noreply` behind the address no answers are asked for.
"""

import asyncio
import json
import sys
import time
from types import SimpleNamespace

from voxta_gateway.client import GatewayClient  # type: ignore[import-not-found,unused-ignore]
from voxta_twitch_relay.bot import TwitchVoxtaRelay  # type: ignore[import-not-found,unused-ignore]


async def feed(gateway_url: str, lines: list[dict[str, object]], *, asks: bool) -> None:
    gateway = GatewayClient(gateway_url, "twitch-relay", ["chat_started", "chat_closed", "ai_state_changed"])
    bot = TwitchVoxtaRelay(gateway, "token", "client", None, "!", ["lobby"], ["nightbot"], asks)
    listening = asyncio.create_task(gateway.start())
    while not gateway.chat_active:  # noqa: ASYNC110 - the published client has no event for it
        await asyncio.sleep(0.05)
    print("ready", flush=True)
    began = time.monotonic()
    tasks, handed = [], []
    for line in lines:
        await asyncio.sleep(max(0.0, began + float(str(line["at"])) - time.monotonic()))
        author = SimpleNamespace(name=line["author"])
        message = SimpleNamespace(echo=False, content=line["text"], author=author)
        handed.append(time.monotonic())
        tasks.append(asyncio.create_task(bot.event_message(message)))
    print(json.dumps(handed), flush=True)
    await asyncio.gather(*tasks, return_exceptions=True)
    listening.cancel()


if __name__ == "__main__":
    asyncio.run(feed(sys.argv[1], [json.loads(line) for line in sys.stdin], asks="noreply" not in sys.argv[2:]))
