"""Looking back on the desk."""

from types import SimpleNamespace
from typing import Any

import pytest

from relay.application.desk.pretending import Pretence, pretended
from relay.application.desk.rows import MessageRow
from relay.application.desk.viewers import Older, Viewers
from relay.model import Caller
from relay.web.desk.log import LogTopic


async def test_a_search_makes_nothing_ready_to_be_shown_but_what_it_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    topic: LogTopic[MessageRow] = LogTopic("support", lambda: 0.0)
    for number, (name, text) in enumerate([("Ann", "a FOX"), ("Fox", "hi"), ("Ben", "no"), ("Eve", "")] * 50):
        topic.add(MessageRow(pretended(Pretence(what="cheer", name=name, text=text), str(number), 0.0)))
    made, show = list[int](), MessageRow.shown

    def counted(row: MessageRow) -> dict[str, object]:
        made.append(row.number)
        return show(row)

    monkeypatch.setattr(MessageRow, "shown", counted)
    log: Any = SimpleNamespace(topic=topic)
    older = next(action for action in Viewers(log, log, log, log).actions() if action.name == "older")

    found: Any = await older.run(Older(topic="support", before=9_999, text="fox"), Caller(source="web", name="Mia"))

    assert [row["n"] for row in found] == made == [n for n in range(200) if n % 4 < 2]
