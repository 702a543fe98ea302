"""A page of the desk as a process: `python -m tests.benchmarks.desk_page URL` shows everything until its input ends.

It prints a line once it is shown what it wants, and at its end how many frames it was told and their characters.
"""

import asyncio
import sys

import aiohttp

TOPICS = ("strip", "next", "held", "feed", "support")


async def main(url: str) -> None:
    """Read as fast as frames come."""
    frames = size = 0
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/desk/ws", max_msg_size=0) as socket:
        await socket.send_json({"show": TOPICS})
        await socket.receive()
        print("open", flush=True)
        while not ended.done():
            reading = asyncio.create_task(socket.receive())
            await asyncio.wait({reading, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                break
            frames, size = frames + 1, size + len(reading.result().data or "")
    print(f"{frames} {size}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
