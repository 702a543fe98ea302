"""Of whom a model sums up the talk when the stream is over."""

import pytest

from relay.memory.summaries import LEAST, Summaries
from relay.model import Kind
from relay.moderation.switches import Switches
from tests.end_to_end.stage import message
from tests.memory.stage import note_filter
from tests.support import alongside, eventually


@pytest.mark.parametrize("why", ["asked to be left out", "was muted"])
async def test_the_model_is_sent_no_line_of_who_may_not_be_told_of_any_more(why: str) -> None:
    asked: list[str] = []
    kept: list[str] = []
    quiet, switches = set[str](), Switches()

    async def summarise(name: str, lines: object) -> str:
        asked.append(name)
        return "likes chess"

    async def keep(viewer: str, text: str, since: float) -> None:
        kept.append(viewer)

    summaries = Summaries(summarise, lambda viewer, name: note_filter(switches, quiet).allows(viewer, name))
    for author in ("ann", "bob"):
        for number in range(LEAST):
            summaries.heard(f"twitch:{author}", message(number, author=author), "chess, chess")

    async def done(until: float) -> None:
        asked.append("done")

    async with alongside(summaries.run(keep, done)):
        if why == "was muted":
            switches = Switches(muted=frozenset({"twitch:ann"}))
        else:
            quiet.add("twitch:ann")
        summaries.stream_changed(message(99, kind=Kind.OFFLINE))
        await eventually(lambda: "done" in asked)

    assert (asked, kept) == (["Bob", "done"], ["twitch:bob"])
