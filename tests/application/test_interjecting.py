"""What the companion is told beside the queue."""

import time
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from relay.application.composition import Relay
from relay.application.interjecting import interject
from relay.application.statistics import Statistics
from relay.errors import VoxtaForbidden
from relay.model import Forward, SendAs
from relay.speech.floor import FloorState
from relay.wire import server
from tests.end_to_end.stage import settings

SAID = Forward(id="f", keys=(), send_as=SendAs.USER, body="hello", origins=(), chat_id="c", after_index=0)


async def test_what_the_character_says_after_a_sentence_that_voxta_refused_answers_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(settings(tmp_path), lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
    answered: list[Forward | None] = []
    relay.events.replied.subscribe(lambda step: answered.append(step.reply.forward))
    monkeypatch.setattr(relay.session, "send", AsyncMock(side_effect=VoxtaForbidden("the key lacks a scope")))

    with pytest.raises(VoxtaForbidden):
        await interject(relay, SAID)
    assert relay.floor.state(time.monotonic()) is FloorState.IDLE
    relay.events.received(server.ReplyGenerating(message_id="r"))

    assert answered == [None]
