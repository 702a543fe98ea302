"""A scenario in the embedded companion and the stream it plays in: told of what happens, and acting in it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from relay.application.composition import Relay
from relay.companion.scenario.example import EXAMPLE
from relay.companion.scenario.files import Loaded, load
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection, ForwardingSection
from relay.model import Kind
from tests.companion.play import loaded
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, message, relaying, settings
from tests.support import eventually

IMPORT = 'import { chat } from "@voxta";\n'


class Stage:
    """A relay, its platforms, and the companion that plays the scenario."""

    def __init__(self, relay: Relay, companion: CompanionServer, platforms: list[RecordingPlatform]) -> None:
        self.relay = relay
        self.companion = companion
        self.platforms = platforms

    def posts(self, platform: str) -> list[str]:
        return [post.text for p in self.platforms if p.name == platform for post in p.posts]

    @property
    def story(self) -> Any:
        [conversation] = self.companion._hub.open.values()
        return conversation.chat.story

    def knows(self, variable: str, value: object) -> bool:
        return bool(self.story.variables.get(variable) == value)


class Place(RecordingPlatform):
    """A platform with one channel."""

    def channels(self) -> list[str]:
        return ["lobby"]


@asynccontextmanager
async def playing(folder: Path, played: Loaded, **sections: Any) -> AsyncIterator[Stage]:
    section = CompanionSection(port=0, pace=0.0)
    platforms: list[RecordingPlatform] = [Place("twitch"), Place("discord")]
    async with (
        CompanionServer(section, brain=EchoBrain(), scenario=played) as companion,
        relaying(settings(folder, **sections), companion.url, lambda *_: platforms) as (relay, _),
    ):
        yield Stage(relay, companion, platforms)


async def test_the_example_posts_to_the_chat_on_a_raid(tmp_path: Path) -> None:
    async with playing(tmp_path, load(EXAMPLE), scenario={"allow": ["post"]}) as stage:
        await stage.relay.receive(message(1, kind=Kind.RAID, author="bob", amount=42))
        await eventually(lambda: "Welcome, raiders of Bob! Grab a seat." in stage.posts("twitch"))
        assert stage.posts("discord") == []
        assert "raid" in stage.story.flags.names
        assert stage.story.variables["raids"] == 1


async def test_without_leave_a_scenario_does_nothing(tmp_path: Path) -> None:
    async with playing(tmp_path, load(EXAMPLE)) as stage:
        await stage.relay.receive(message(1, kind=Kind.RAID, author="bob", amount=42))
        await eventually(lambda: "raid" in stage.story.flags.names)
        await eventually(lambda: bool(stage.posts("twitch")))
        assert not any("Welcome" in text for text in stage.posts("twitch"))


async def test_scripts_hear_of_everything_the_audience_does(tmp_path: Path) -> None:
    kinds = sorted(ForwardingSection().wanted - {Kind.ONLINE, Kind.OFFLINE})
    listeners = "".join(
        f"chat.addEventListener('app:{kind}', (e) => {{ chat.variables.{kind} = JSON.stringify(e.arguments); }});\n"
        for kind in kinds
    )
    async with playing(tmp_path, loaded({"index.js": IMPORT + listeners})) as stage:
        for number, kind in enumerate(kinds):
            await stage.relay.receive(
                message(number, f"my {kind} {{{{ char }}}}", kind=kind, amount=number, author=f"a{number}")
            )
        await eventually(lambda: stage.story.variables.keys() == set(kinds))
        place = kinds.index(Kind.CHEER)
        told = stage.story.variables["cheer"]
        assert isinstance(told, str)
        assert json.loads(told) == {
            "author": f"A{place}",
            "platform": "Twitch",
            "text": "my cheer (( char ))",
            "id": f"twitch:lobby/m{place}",
            "amount": f"{place}",
            "detail": "",
        }


async def test_scripts_hear_of_more_after_one_of_them_has_failed_again_and_again(tmp_path: Path) -> None:
    script = f"""{IMPORT}
    chat.addEventListener("app:follow", (e) => {{
      chat.variables.follows = chat.get("follows", 0) + 1;
      e.foo.bar();
    }});"""
    async with playing(tmp_path, loaded({"index.js": script})) as stage:
        for follows in range(1, 5):
            await stage.relay.receive(message(follows, kind=Kind.FOLLOW, author=f"a{follows}"))
            await eventually(partial(stage.knows, "follows", follows))


async def test_a_question_that_a_script_stumbles_over_is_answered_all_the_same(tmp_path: Path) -> None:
    script = f"{IMPORT}chat.addEventListener('userMessageReceived', (e) => e.scope.permission());"
    async with playing(tmp_path, loaded({"index.js": script})) as stage:
        await stage.relay.receive(message(1, "Hello"))
        await eventually(lambda: any("You said: " in post for post in stage.posts("twitch")))


async def test_what_a_scenario_posts_goes_through_the_filters(tmp_path: Path) -> None:
    post = "chat.appTrigger('post', 'Visit http://evil.example now')"
    script = f"{IMPORT}chat.addEventListener('app:raid', () => {post});"
    async with playing(tmp_path, loaded({"index.js": script}), scenario={"allow": ["post"]}) as stage:
        await stage.relay.receive(message(1, kind=Kind.RAID, author="bob", amount=42))
        await eventually(lambda: bool(stage.posts("discord")))
        assert not any("evil.example" in text for text in [*stage.posts("twitch"), *stage.posts("discord")])


async def test_a_scenario_sets_the_relays_own_rate_and_mode(tmp_path: Path) -> None:
    script = f"""{IMPORT}
    chat.addEventListener('app:raid', () => {{ chat.appTrigger('rate', 7); chat.appTrigger('mode', 'pause'); }});"""
    allowed = {"allow": ["rate", "mode"]}
    async with playing(tmp_path, loaded({"index.js": script}), scenario=allowed) as stage:
        await stage.relay.receive(message(1, kind=Kind.RAID, author="bob", amount=42))
        await eventually(lambda: stage.relay.runtime.switches().paused)
        assert stage.relay.runtime.switches().rates["all"] == 7


async def test_the_character_knows_of_the_stream(tmp_path: Path) -> None:
    async with playing(tmp_path, loaded()) as stage:
        await stage.relay.receive(message(1, kind=Kind.ONLINE))
        await stage.relay.scenario.context.tell()
        assert "stream.live" in stage.story.flags.names
        assert [c.text for c in stage.story.additions["relay"].contexts] == ["The stream is live."]


async def test_the_stream_is_that_of_the_first_channel(tmp_path: Path) -> None:
    async with playing(tmp_path, loaded()) as stage:
        await stage.relay.receive(message(1, kind=Kind.ONLINE))
        await stage.relay.receive(message(2, kind=Kind.OFFLINE, channel="friend"))
        await stage.relay.receive(message(3, "Cooking", kind=Kind.CHANNEL_UPDATE, channel="friend"))
        assert stage.relay.scenario.context.contexts() == ("The stream is live.",)


OFFER = """
chat.appTrigger("relay.command", "dance", "style:choice(slow|fast) times:number(1..5)?", "Make her dance");
chat.addEventListener("app:command.dance", (e) => {
  chat.variables.danced = JSON.stringify(e.arguments);
  chat.appTrigger("relay.command", "dance", "off");
});
"""


async def test_a_script_offers_a_command_hears_of_its_use_and_takes_it_back(tmp_path: Path) -> None:
    allowed = {"allow": ["relay.command"]}
    async with playing(tmp_path, loaded({"index.js": IMPORT + OFFER}), scenario=allowed) as stage:
        table = stage.relay.commands.gate.table
        await eventually(lambda: table.named("dance") is not None)
        await stage.relay.receive(message(1, "!dance badly"), message(2, "!dance fast 3"))
        await eventually(lambda: "danced" in stage.story.variables)
        await eventually(lambda: table.named("dance") is None)
        await stage.relay.quiet(empty=True)
        assert stage.posts("twitch") == ["STYLE is one of slow, fast, not 'badly'. Use: !dance slow|fast [TIMES]"]
        assert stage.story.variables["danced"] == (
            '{"author":"Ann","platform":"Twitch","text":"fast 3","style":"fast","times":"3"}'
        )


async def test_without_leave_a_script_offers_no_command(tmp_path: Path) -> None:
    async with playing(tmp_path, loaded({"index.js": IMPORT + OFFER})) as stage:
        await stage.relay.receive(message(1, "!dance fast"))
        await stage.relay.quiet(empty=True)
        record = await stage.relay.inbox.why("twitch:m1")
        assert record is not None
        assert record.story == "rejected (a command for a bot)"
