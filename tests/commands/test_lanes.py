"""Uses that wait for something keep nobody else waiting."""

import asyncio

from relay.commands.answers import Answers
from relay.commands.definition import Command, Use
from relay.commands.executor import CommandExecutor
from relay.commands.gate import CommandGate
from relay.config import CommandsSection, OutboundSection
from relay.moderation.outbound import Outbound
from tests.contracts.samples import message
from tests.support import eventually


class NoCounters:
    async def count(self, name: str, key: str) -> int:
        raise AssertionError


def _gate() -> CommandGate:
    settings = CommandsSection()
    return CommandGate(settings, Answers(settings, Outbound(OutboundSection()), lambda *_: None))


async def test_the_uses_of_one_viewer_are_done_in_order_and_those_of_others_meanwhile() -> None:
    may_go_on, done = asyncio.Event(), list[str]()

    async def slow(use: Use) -> str:
        if use.text == "slow":
            await may_go_on.wait()
        return ""

    gate = _gate()
    executor = CommandExecutor(gate, (), NoCounters(), done=lambda finished: done.append(finished.message.id))
    command = Command("wait", do=slow)
    running = asyncio.create_task(executor.run())
    try:
        for number, author, text in ((1, "ann", "slow"), (2, "ann", ""), (3, "bob", ""), (4, "cleo", "")):
            gate.accepted.put_nowait(Use(command, message(number, author=author), text))
        await eventually(lambda: len(done) == 2)
        assert set(done) == {"m3", "m4"}
        may_go_on.set()
        await eventually(lambda: len(done) == 4)
        assert done[2:] == ["m1", "m2"]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_while_nobody_uses_a_command_one_task_waits_for_uses_and_one_for_acts() -> None:
    before = asyncio.all_tasks()
    running = asyncio.create_task(CommandExecutor(_gate(), (), NoCounters(), done=lambda _: None).run())
    await asyncio.sleep(0)

    assert len(asyncio.all_tasks() - before) == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
