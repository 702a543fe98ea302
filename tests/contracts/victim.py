"""A relay's day in a process of its own, to be killed at any moment. Says on stdout what has come to its end.

Lines: `appended key`, `begun forward key…`, `settled key`.
"""

import asyncio
import itertools
import random
import sys

from relay.inbox.base import Inbox
from relay.model import AudienceMessage, Outcome
from tests.contracts.engines import Engine
from tests.contracts.samples import forward, message, settlements


def say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


async def produce(inbox: Inbox, dice: random.Random) -> None:
    numbers = itertools.count()
    while True:
        batch = [message(number) for number in itertools.islice(numbers, dice.randint(1, 6))]
        await inbox.append(batch)
        for each in batch:
            say("appended", each.key)


async def consume(inbox: Inbox, dice: random.Random) -> None:
    held: list[AudienceMessage] = []
    for attempt in itertools.count():
        held += await inbox.claim(dice.randint(1, 9), wait=5)
        chosen, held = held[:2], held[2:]
        assert await inbox.begin([forward(*chosen, id=f"f{attempt}")]) == [True]
        say("begun", f"f{attempt}", *(each.key for each in chosen))
        await inbox.settle(settlements(chosen, Outcome.MERGED))
        for each in chosen:
            say("settled", each.key)


async def main(engine: Engine) -> None:
    dice = random.Random(7)
    async with engine.opened() as inbox, asyncio.TaskGroup() as tasks:
        tasks.create_task(produce(inbox, dice))
        tasks.create_task(consume(inbox, dice))


def live(engine: Engine) -> None:
    asyncio.run(main(engine))
