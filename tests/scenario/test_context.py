"""What Voxta's scenario learns of the stream."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from relay.companion.scripting.checking import FROM_THE_RELAY
from relay.config import ScenarioSection
from relay.errors import VoxtaError
from relay.model import Forward, Kind, ScriptCall, SendAs
from relay.platforms.base import Stream
from relay.platforms.on_air import LAG
from relay.platforms.simulated import QuietPlatform
from relay.scenario import context
from relay.scenario.context import RAID, StreamContext
from relay.voxta.chat import JoinedChat
from relay.wire.messages import ContextText
from tests.end_to_end.stage import message
from tests.support import eventually


class Voxta:
    """Keeps what it is told; the ways of a Link that matter here."""

    def __init__(self) -> None:
        self.chat: JoinedChat | None = JoinedChat("s", "c", "Streamer", [], None)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.told: list[tuple[list[str], list[str]]] = []
        self.refuses = False
        self.most_at_once = 0
        self._at_once = 0

    def begin_script_event(self, call: ScriptCall) -> None:
        """Each is waited for."""

    async def trigger_script_event(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        self.calls.append((name, arguments or {}))
        if self.refuses:
            raise VoxtaError("unrecognized discriminator")
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0)
        self._at_once -= 1

    async def update_context(
        self, key: str, contexts: Sequence[ContextText] = (), set_flags: Sequence[str] = ()
    ) -> None:
        assert key == "relay"
        self.told.append(([context.text for context in contexts], list(set_flags)))


class StreamingPlatform(QuietPlatform):
    def __init__(self) -> None:
        super().__init__("twitch")
        self.state = Stream(True, "Chess {{ char }} night", "Chess", 42)

    async def stream(self) -> Stream:
        return self.state


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def stream_context(voxta: Voxta, clock: Clock, *platforms: Any, **settings: Any) -> StreamContext:
    return StreamContext(ScenarioSection(**settings), voxta, platforms, clock=clock)  # type: ignore[arg-type]


def told(*calls: ScriptCall) -> Forward:
    return Forward(
        id="f", keys=(), send_as=SendAs.USER, body="hi", events=calls, origins=(), chat_id="c", after_index=0
    )


def chat(author: str, text: str) -> ScriptCall:
    return ScriptCall(
        name="chat", arguments={"author": author, "platform": "Twitch", "text": text, "amount": "0", "detail": ""}
    )


async def run(stream_context: StreamContext, until: Any) -> None:
    task = asyncio.create_task(stream_context.run())
    await eventually(until)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_scripts_hear_of_all_that_is_told() -> None:
    voxta = Voxta()
    informed = stream_context(voxta, Clock(), contexts=False)
    informed.told(told(chat("Ann", "hi"), ScriptCall(name="raid", arguments={"author": "Bob", "amount": "42"})))
    await run(informed, lambda: len(voxta.calls) == 2)
    assert voxta.calls[0] == ("chat", chat("Ann", "hi").arguments)
    assert voxta.calls[1] == ("raid", {"author": "Bob", "amount": "42"})


async def test_a_voxta_that_takes_no_script_events_is_left_alone_with_them(caplog: pytest.LogCaptureFixture) -> None:
    voxta = Voxta()
    voxta.refuses = True
    informed = stream_context(voxta, Clock(), contexts=False)
    informed.told(told(*(chat("Ann", f"hi {number}") for number in range(9))))
    await run(informed, lambda: "takes no script events" in caplog.text)
    assert len(voxta.calls) == 3


async def test_another_chat_is_told_of_script_events_again(caplog: pytest.LogCaptureFixture) -> None:
    voxta = Voxta()
    voxta.refuses = True
    informed = stream_context(voxta, Clock(), contexts=False)
    informed.told(told(*(chat("Ann", f"hi {number}") for number in range(3))))
    await run(informed, lambda: "takes no script events" in caplog.text)
    voxta.refuses, voxta.chat = False, JoinedChat("s2", "c", "Streamer", [], None)
    informed.told(told(chat("Ann", "hello")))
    await run(informed, lambda: len(voxta.calls) == 4)
    assert voxta.calls[-1] == ("chat", chat("Ann", "hello").arguments)


async def test_script_events_that_wait_together_go_together_once_voxta_took_one() -> None:
    voxta = Voxta()
    informed = stream_context(voxta, Clock(), contexts=False)
    informed.told(told(*(chat("Ann", f"hi {number}") for number in range(9))))
    await run(informed, lambda: len(voxta.calls) == 9)
    assert [arguments["text"] for _, arguments in voxta.calls] == [f"hi {number}" for number in range(9)]
    assert voxta.most_at_once == 8


async def test_script_events_can_be_switched_off() -> None:
    voxta = Voxta()
    informed = stream_context(voxta, Clock(), StreamingPlatform(), script_events=False)
    informed.told(told(chat("Ann", "hi")))
    await run(informed, lambda: bool(voxta.told))
    assert voxta.calls == []


async def test_the_character_knows_how_the_stream_is_doing_and_is_told_once() -> None:
    voxta, platform = Voxta(), StreamingPlatform()
    informed = stream_context(voxta, Clock(), platform)
    await run(informed, lambda: len(voxta.told) > 0 and "stream.live" in voxta.told[-1][1])
    contexts, flags = voxta.told[-1]
    assert contexts == [
        "The stream is live, with 42 viewers.",
        "Its title is: Chess (( char )) night.",
        "The game is Chess.",
    ]
    assert flags == ["stream.live", "!raid.active"]
    count = len(voxta.told)
    await informed.tell()
    assert len(voxta.told) == count


async def test_a_flag_that_stands_is_not_set_again_as_scenarios_count_from_when_it_was_set() -> None:
    voxta, clock = Voxta(), Clock()
    informed = stream_context(voxta, clock)
    informed.stream_changed(message(1, kind=Kind.ONLINE))
    informed.saw(message(2, kind=Kind.RAID))
    await informed.tell()
    informed.stream_changed(message(3, "Another title", kind=Kind.CHANNEL_UPDATE))
    await informed.tell()
    clock.now += RAID
    await informed.tell()
    assert [flags for _, flags in voxta.told] == [["stream.live", "raid.active"], [], ["!raid.active"]]


async def test_another_raid_sets_the_flag_again_as_scenarios_count_from_the_last_one() -> None:
    voxta, clock = Voxta(), Clock()
    informed = stream_context(voxta, clock)
    for number in (1, 2):
        informed.saw(message(number, kind=Kind.RAID))
        await informed.tell()
        await informed.tell()
        clock.now += RAID / 2
    assert [flags for _, flags in voxta.told] == [["raid.active"], ["raid.active"]]


async def test_a_chat_that_is_joined_again_has_its_flags_still() -> None:
    voxta = Voxta()
    informed = stream_context(voxta, Clock())
    await informed.tell()
    voxta.chat = JoinedChat("s2", "c", "Streamer", [], None)
    await informed.tell()
    assert [flags for _, flags in voxta.told] == [["!raid.active"], []]


async def test_another_chat_is_told_again() -> None:
    voxta = Voxta()
    informed = stream_context(voxta, Clock())
    await informed.tell()
    voxta.chat = None
    await informed.tell()
    voxta.chat = JoinedChat("s2", "c2", "Streamer", [], None)
    await informed.tell()
    assert [flags for _, flags in voxta.told] == [["!raid.active"], ["!raid.active"]]


async def test_a_raid_sets_a_flag_for_a_while_and_going_live_is_noticed() -> None:
    clock = Clock()
    informed = stream_context(Voxta(), clock)
    informed.saw(message(1, kind=Kind.RAID))
    assert informed.flags() == ("raid.active",)
    clock.now += RAID
    assert informed.flags() == ("!raid.active",)
    informed.stream_changed(message(2, kind=Kind.ONLINE))
    assert informed.flags() == ("stream.live", "!raid.active")
    informed.stream_changed(message(3, kind=Kind.OFFLINE))
    assert informed.contexts() == ("The stream is offline.",)


def test_who_checks_a_scenario_knows_all_flags() -> None:
    informed = stream_context(Voxta(), Clock())
    informed.saw(message(1, kind=Kind.RAID))
    known = set[str]()
    for kind in (Kind.ONLINE, Kind.OFFLINE):
        informed.stream_changed(message(2, kind=kind))
        known.update(informed.flags())
    assert known == set(FROM_THE_RELAY)


@pytest.mark.parametrize("is_live", [True, False])
async def test_a_begin_and_an_end_count_though_the_platform_answers_as_before_for_a_while(is_live: bool) -> None:
    clock, platform = Clock(), StreamingPlatform()
    now, before = ("live", "offline") if is_live else ("offline", "live")
    platform.state = Stream(not is_live, "Chess")
    informed = stream_context(Voxta(), clock, platform)
    informed.stream_changed(message(1, kind=Kind.ONLINE if is_live else Kind.OFFLINE))
    await informed._ask_platforms()
    assert informed.contexts() == (f"The stream is {now}.", "Its title is: Chess.")
    assert informed.flags()[0] == f"stream.{now}"
    clock.now += LAG
    await informed._ask_platforms()
    assert informed.flags()[0] == f"stream.{before}"


def test_a_new_title_and_category_are_known_at_once() -> None:
    informed = stream_context(Voxta(), Clock())
    informed.stream_changed(message(1, kind=Kind.ONLINE))
    informed.stream_changed(message(2, "Speedrun!", kind=Kind.CHANNEL_UPDATE).model_copy(update={"detail": "Chess"}))

    assert informed.contexts() == ("The stream is live.", "Its title is: Speedrun!.", "The game is Chess.")


def test_the_scene_that_obs_shows_is_known_and_harmless() -> None:
    scene = "Boss {{ user }}"
    informed = StreamContext(ScenarioSection(), Voxta(), [], scene=lambda: scene)  # type: ignore[arg-type]

    assert informed.contexts() == ("OBS shows the scene Boss (( user )).",)


@pytest.mark.parametrize("people", [2, 3])
def test_what_several_people_talk_about_is_a_topic(people: int) -> None:
    clock = Clock()
    informed = stream_context(Voxta(), clock)
    for number in range(people):
        informed.told(told(chat(f"viewer {number}", "that DRAGON again, really! dragon dragon")))
    assert informed.contexts() == (("The chat talks about dragon.",) if people == 3 else ())
    clock.now += 301
    assert informed.contexts() == ()


async def test_companions_of_one_process_tell_in_the_same_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    repeated: dict[float, bool] = {}

    async def repeat(_job: object, every: float, _what: str, *, together: bool = False) -> None:
        repeated[every] = together

    monkeypatch.setattr(context, "repeat", repeat)
    await run(stream_context(Voxta(), Clock()), lambda: len(repeated) == 2)

    assert repeated == {context.LOOK_EVERY: True, context.ASK_EVERY: False}
