"""What viewers see of what is remembered of them, and where."""

from pathlib import Path

import pytest

from relay.commands.answers import Answers
from relay.commands.definition import Answer, Confidential, Use
from relay.commands.gate import CommandGate
from relay.config import CommandsSection, MemorySection, OutboundSection
from relay.inbox.sqlite import SqliteInbox
from relay.memory.commands import register
from relay.memory.memory import Memory
from relay.moderation.outbound import Outbound
from tests.contracts.remembering import known, put
from tests.end_to_end.stage import message
from tests.memory.stage import Clock, Voxta, context_of, note_filter, stored


async def asked(folder: Path, text: str, **over: object) -> Answer:
    """What is answered to who is known with ten notes."""
    settings = CommandsSection()
    gate = CommandGate(settings, Answers(settings, Outbound(OutboundSection()), lambda *_: None))
    inbox = SqliteInbox(folder / "inbox.db", max_count=1_000, timeout=10)
    async with stored(folder) as store:
        await put(store, known("twitch:ann", *(f"secret {number} {'x' * 60}" for number in range(10))))
        context, clean = context_of(store, Voxta(), Clock()), note_filter()
        register(gate, Memory(MemorySection(), store, inbox=inbox, context=context, clean=clean))
        one = message(1, text, **over)  # type: ignore[arg-type]
        use = gate.meet(one, text.partition(" ")[2], lambda _: None)
        assert isinstance(use, Use)
        assert callable(use.command.do)
        return await use.command.do(use)


async def shown(folder: Path, text: str) -> Confidential:
    answer = await asked(folder, text)
    assert isinstance(answer, Confidential)
    return answer


async def test_where_others_read_along_no_note_is_shown(tmp_path: Path) -> None:
    answer = (await shown(tmp_path, "!remembered")).in_public

    assert answer.startswith("I remember you, with 10 notes; not here")
    assert "secret" not in answer


@pytest.mark.parametrize(("text", "note"), [("!remembered", "secret 0"), ("!remembered 2", "secret 4")])
async def test_in_private_all_is_shown_page_by_page(tmp_path: Path, text: str, note: str) -> None:
    answer = (await shown(tmp_path, text)).text

    assert note in answer
    assert "!remembered" in answer
    assert len(answer) <= 400


async def test_a_page_beyond_the_last_is_the_last(tmp_path: Path) -> None:
    assert "that is all; !forget me deletes it" in (await shown(tmp_path, "!remembered 99")).text


async def test_who_is_unknown_is_told_what_would_be_remembered(tmp_path: Path) -> None:
    answer = await asked(tmp_path, "!remembered", author="bob", is_unseen=True)

    assert isinstance(answer, str)
    assert answer.startswith("I remember nothing about you. I remember who comes back")
