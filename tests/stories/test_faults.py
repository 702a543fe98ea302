"""A real server that breaks around a message: it is in the chat once, or known not to be."""

from pathlib import Path

import pytest

from relay.model import Outcome
from relay.voxta import calls, session
from tests.doubles.voxta import SendFault, Switches
from tests.stories.backstage import double
from tests.stories.theatre import theatre
from tests.support import PATIENCE

WAYS = {
    "default": Switches(),
    "error before completion": Switches(completion_first=False),
    "ends with owner": Switches(ends_with_owner=True),
}


@pytest.mark.parametrize("switches", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("fault", [SendFault.LOST, SendFault.UNCONFIRMED, SendFault.CONFIRMED])
async def test_what_was_sent_when_the_connection_broke_is_in_the_chat_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switches: Switches, fault: SendFault
) -> None:
    monkeypatch.setattr(session, "RECONNECT", 0.0)
    async with double(switches) as backstage, theatre(tmp_path, backstage) as stage:
        backstage.server.hub.faults.append(fault)
        await stage.writes("the one in question")
        await stage.asks("the next one")

        said = [text for text in backstage.texts() if not text.startswith("You said")]
        assert [text.partition('"')[2] for text in said] == ['the one in question"', 'the next one"']


@pytest.mark.parametrize("switches", WAYS.values(), ids=WAYS.keys())
async def test_what_was_refused_after_it_was_acknowledged_is_not_taken_for_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switches: Switches
) -> None:
    monkeypatch.setattr(calls, "PATIENCE", PATIENCE)
    async with double(switches) as backstage, theatre(tmp_path, backstage) as stage:
        backstage.server.hub.faults.append(SendFault.REFUSED)
        await stage.asks("the one in question")
        why = await stage.relay.inbox.why("twitch:m1")

        assert why is not None and why.settlement is not None
        was_told = why.settlement.outcome is Outcome.FORWARDED
        assert stage.count("the one in question") == (2 if was_told else 0)
