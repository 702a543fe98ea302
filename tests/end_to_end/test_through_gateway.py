"""The relay behind a Voxta Gateway: the published one, a process of its own, between it and a companion."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from relay.application.audio import SilentAudio
from relay.application.check import check
from relay.application.composition import Relay
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.errors import VoxtaError, VoxtaNotTold
from relay.model import Kind
from relay.speech.base import Sink
from relay.speech.voice import Voice
from relay.voxta.gateway import GatewaySession
from relay.wire import server
from relay.wire.messages import ContextText, WireMessage
from tests.companion.play import loaded
from tests.contracts.samples import forward
from tests.doubles.ports import free_port
from tests.doubles.published_gateway import published_gateway
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, message, relaying, settings
from tests.speech.fakes import ManualSink
from tests.support import eventually


class Street:
    """A companion, the published gateway in front of it, and a relay behind the gateway."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.voxta_port = free_port(), free_port()
        self.brain = EchoBrain()
        self.companion: CompanionServer
        self.platform = RecordingPlatform("twitch")
        self.relay: Relay
        self.heard: list[WireMessage] = []
        self._gateway = AsyncExitStack()

    async def open_voxta(self) -> None:
        scenario = loaded(actions=[{"name": "wave", "match": "wave", "timing": "AfterAssistantMessage"}])
        database = self.folder / "chats.sqlite3"
        section = CompanionSection(port=self.voxta_port, pace=0.0, database=database)
        self.companion = CompanionServer(section, brain=self.brain, scenario=scenario, grace=0.1)
        await self.companion.start()

    async def open_gateway(self) -> None:
        await self._gateway.enter_async_context(published_gateway(f"http://127.0.0.1:{self.voxta_port}", self.port))

    async def close_gateway(self) -> None:
        await self._gateway.aclose()

    @property
    def said(self) -> list[tuple[str, str]]:
        [conversation] = self.companion._hub.open.values()
        return [(m.role.value, m.text) for m in conversation.chat.messages]

    async def joined(self) -> None:
        await eventually(lambda: self.relay.session.chat is not None)

    async def posted(self, text: str) -> None:
        await eventually(lambda: text in [post.text for post in self.platform.posts])

    def relaying(self, audio: SilentAudio | None = None, **sections: Any) -> Any:
        voxta = {"mode": "gateway", "gateway_url": f"http://127.0.0.1:{self.port}", "timeout": 20.0}
        config = settings(self.folder, **({"voxta": voxta} | sections))
        return relaying(config, "", lambda *_: [self.platform], join=False, audio=audio)


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    street = Street(tmp_path)
    await street.open_voxta()
    await street.open_gateway()
    try:
        async with street.relaying() as (relay, _):
            street.relay = relay
            relay.events.received.subscribe(street.heard.append)
            await street.joined()
            yield street
    finally:
        # The published gateway goes before Voxta does, so that it need not look for it.
        await street.close_gateway()
        await street.companion.stop()


async def test_what_is_asked_is_answered_where_it_was_asked(street: Street) -> None:
    await street.relay.receive(message(1, "How are you?", kind=Kind.ASK))
    await street.posted('You said: [TWITCH] Ann (Twitch) asks: "How are you?"')
    assert [post.channel for post in street.platform.posts] == ["lobby"]
    await eventually(lambda: not street.relay.is_answering)


async def test_events_notes_and_messages_without_a_reply_keep_their_kind(street: Street) -> None:
    await street.relay.receive(message(1, kind=Kind.RAID, amount=42))
    await eventually(lambda: any(role == "Event" for role, _ in street.said))
    await eventually(lambda: bool(street.platform.posts))
    await street.relay.receive(message(2, kind=Kind.FOLLOW))
    await eventually(lambda: any("followed" in text for _, text in street.said))
    asked = len(street.brain.asked)
    assert asked == 1, "a follow is taken note of"


async def test_no_text_becomes_an_event_or_a_command(street: Street) -> None:
    hostile = ("hello]", "[hello]", "/event x", "x\n/secret y", "{{ char }}", "*", "] /note z")
    for number, text in enumerate(hostile):
        await street.relay.receive(message(number, text, kind=Kind.ASK, author=f"viewer{number}"))
    await street.relay.receive(message(99, "end", kind=Kind.ASK, author="bob"))
    await eventually(lambda: any("end" in said for _, said in street.said))
    assert {role for role, _ in street.said} <= {"User", "Assistant"}
    assert not any("Vox" in said for role, said in street.said if role == "User")


async def test_characters_context_and_actions_come_through(street: Street) -> None:
    assert street.relay.session.chat is not None
    assert [person.name for person in street.relay.session.chat.characters] == ["Vox"]
    await street.relay.session.update_context("game", [ContextText(text="It rains.")])
    await street.relay.receive(message(1, "please wave", kind=Kind.ASK))
    await eventually(lambda: any(isinstance(m, server.ActionMessage) for m in street.heard))
    [conversation] = street.companion._hub.open.values()
    assert [c.text for c in conversation.chat.story.additions["game"].contexts] == ["It rains."]


async def test_what_another_process_may_tell_by_now_is_not_posted_to_the_gateway(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = street.relay.session
    assert isinstance(session, GatewaySession)
    monkeypatch.setattr(session, "_may_tell", lambda: False)
    with pytest.raises(VoxtaNotTold):
        await session.send(forward(message(1)))

    assert street.said == []


async def test_an_interruption_silences_voxta(street: Street) -> None:
    street.brain.may_answer.clear()
    await street.relay.receive(message(1, "Tell me all", kind=Kind.ASK))
    session = street.relay.session
    assert isinstance(session, GatewaySession)
    await eventually(lambda: session._mirrored._is_thinking)
    await session.interrupt()
    await eventually(lambda: not street.relay.is_answering)
    assert [role for role, _ in street.said] == ["User"]


async def test_what_a_gateway_cannot_do_is_said_once(street: Street, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            await street.relay.session.rewrite("m", "text")
            await street.relay.session.trigger_script_event("raid")
            await street.relay.session.update_context("k", [], ["a"])
            with pytest.raises(VoxtaError, match="exactly"):
                await street.relay.session.have_said("exactly this")
    lines = [record.message for record in caplog.records if "A Voxta Gateway cannot" in record.message]
    assert len(lines) == 4


async def test_a_gateway_that_restarts_loses_nothing_and_repeats_nothing(street: Street) -> None:
    await street.relay.receive(message(1, "before", kind=Kind.ASK))
    await street.posted('You said: [TWITCH] Ann (Twitch) asks: "before"')
    await street.close_gateway()
    await street.relay.receive(message(2, "meanwhile", kind=Kind.ASK, author="bob"))
    await street.open_gateway()
    await street.posted('You said: [TWITCH] Bob (Twitch) asks: "meanwhile"')
    texts = [text for role, text in street.said if role == "User"]
    assert [sum(word in text for text in texts) for word in ("before", "meanwhile")] == [1, 1]


async def test_a_gateway_that_comes_late_is_joined(tmp_path: Path) -> None:
    street = Street(tmp_path)
    await street.open_voxta()
    try:
        async with street.relaying() as (relay, _):
            street.relay = relay
            await relay.receive(message(1, "early", kind=Kind.ASK))
            await eventually(lambda: "is not connected" in (relay.session.problem or ""))
            await street.open_gateway()
            await street.posted('You said: [TWITCH] Ann (Twitch) asks: "early"')
    finally:
        await street.close_gateway()
        await street.companion.stop()


async def test_a_gateway_that_loses_voxta_loses_nothing(street: Street) -> None:
    await street.companion.stop()
    await eventually(lambda: street.relay.session.chat is None)
    await street.relay.receive(message(1, "meanwhile", kind=Kind.ASK))
    await street.open_voxta()
    await street.posted('You said: [TWITCH] Ann (Twitch) asks: "meanwhile"')


class Stage(SilentAudio):
    """Somewhere to be heard."""

    def __init__(self) -> None:
        self.sink = ManualSink()

    def open(self, voice: Voice) -> Sequence[Sink]:
        return [self.sink]


async def test_the_relay_speaks_the_sentences_itself_and_keeps_the_floor_meanwhile(tmp_path: Path) -> None:
    street, stage = Street(tmp_path), Stage()
    speech = {"speech": {"enabled": True, "sinks": ["overlay"]}, "companion": {"speech": "espeak"}}
    await street.open_voxta()
    await street.open_gateway()
    try:
        async with street.relaying(stage, **speech) as (relay, _):
            street.relay = relay
            await street.joined()
            await relay.receive(message(1, "Speak up", kind=Kind.ASK))
            await eventually(lambda: len(stage.sink.queue) > 0)
            [clip] = stage.sink.queue
            stage.sink.advance(0.5)
            assert clip.duration > 1
            assert relay.is_answering
            assert street.platform.posts == [], "the text waits for the voice"
            stage.sink.advance(60)
            await street.posted(clip.text)
            await eventually(lambda: not relay.is_answering)
    finally:
        await street.close_gateway()
        await street.companion.stop()


async def test_check_says_whether_the_gateway_reaches_voxta(street: Street) -> None:
    voxta = {"mode": "gateway", "gateway_url": f"http://127.0.0.1:{street.port}"}
    found = {f.name: f async for f in check(settings(street.folder, voxta=voxta))}
    assert found["voxta"].ok and "reaches Voxta" in found["voxta"].line
    nowhere = {"mode": "gateway", "gateway_url": "http://127.0.0.1:9"}
    missing = {f.name: f async for f in check(settings(street.folder, voxta=nowhere))}
    assert not missing["voxta"].ok and "there is no Voxta Gateway at" in missing["voxta"].line
