"""Every kind of message: who sees it, whether a reply follows, whether a narrator reads it; and how it is made."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

import pytest

from relay.companion.brains.base import ChatView
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from tests.companion.play import ALONE, CAST, loaded, playing
from tests.companion.raw import Json, ScriptedBrain, connected
from tests.support import PATIENCE

IMPORT = 'import { chat } from "@voxta";\n'


class Kind(NamedTuple):
    """What makes a message of a kind, and its four properties."""

    command: str
    script: str
    role: str
    seen_by_character: bool
    seen_by_user: bool
    replies: bool
    narrated: bool


KINDS: dict[str, Kind] = {
    "{{ char }}": Kind("/char It rains.", "characterMessage('It rains.')", "Assistant", True, True, True, False),
    "{{ user }}": Kind("It rains.", "userMessage('It rains.')", "User", True, True, True, False),
    "{{ scenario_chars.role }}": Kind(
        "/message --scenario-role friend -- It rains.",
        "roleMessage('friend', 'It rains.')",
        "Assistant",
        True,
        True,
        True,
        False,
    ),
    "/event": Kind("/event It rains.", "event('It rains.')", "Event", True, True, True, True),
    "/story": Kind("/story It rains.", "story('It rains.')", "Story", True, True, True, True),
    "/note": Kind("/note It rains.", "note('It rains.')", "Note", True, True, False, False),
    "/secret": Kind("/secret It rains.", "secret('It rains.')", "Secret", True, False, False, False),
    "/instructions": Kind(
        "/instructions It rains.", "instructions('It rains.')", "Instructions", False, True, False, False
    ),
    "/noreply": Kind(
        "/noreply It rains.",
        "customMessage({ role: 'User', text: 'It rains.', triggerReply: false })",
        "User",
        True,
        True,
        False,
        False,
    ),
}


@pytest.mark.parametrize("source", ["command", "script"])
@pytest.mark.parametrize("name", KINDS)
async def test_a_message_has_the_properties_of_its_kind(name: str, source: str) -> None:
    kind = KINDS[name]
    script = {"index.js": f"{IMPORT}chat.addEventListener('app:go', () => chat.{kind.script});"}
    settings = CompanionSection(port=0, pace=0.0, speech="espeak")
    brain = ScriptedBrain("Indeed.")
    async with (
        CompanionServer(settings, brain=brain, scenario=loaded(script, characters=CAST)) as server,
        connected(server.url) as client,
        connected(server.url) as viewer,
    ):
        await client.enter(audioOutput="Url")
        await viewer.enter()
        if source == "command":
            await client.say(kind.command)
        else:
            await client.in_chat("triggerScriptEvent", name="go")
        conversation = server._hub.open[client.session_id]
        while conversation.writer.is_busy:
            await client.more()
        for _ in range(kind.narrated + (kind.role == "Assistant")):
            spoken = await client.expect("replyEnd")
            await client.in_chat("speechPlaybackComplete", messageId=spoken["messageId"])
        if kind.replies:
            await client.expect("replyEnd")
        await viewer.call("loadScenariosList")

        kept = next(m for m in conversation.chat.messages if m.text.startswith("It rains."))
        assert kept.role.value == kind.role
        shown = [m for m in viewer.messages if m["$type"] == "update" and m["messageId"] == kept.id]
        assert bool(shown) == kind.seen_by_user
        assert bool(brain.views) == kind.replies
        await client.say("*")
        while not brain.views or (kind.replies and len(brain.views) < 2):
            await client.more()
        assert any(line.text.startswith("It rains.") for line in brain.views[-1].lines) == kind.seen_by_character
        narrated = [c for c in client.of_kind("replyChunk") if c["isNarration"]]
        assert bool(narrated) == kind.narrated
        assert all(c["senderId"] == conversation.chat.characters[2].id and c["audioUrl"] for c in narrated)


ARGUMENTS: dict[str, tuple[str, Json]] = {
    "role": ("/message --role Note -- A noise", {"role": "Note", "text": "A noise"}),
    "character": ('/message --character "Catherine" -- It is me', {"role": "Assistant", "text": "It is me"}),
    "scenario-role": ('/message --scenario-role "main" -- I am it', {"role": "Assistant", "text": "I am it"}),
    "use-story-writer": (
        "/message --role Note --use-story-writer -- It rains.",
        {"role": "Note", "text": "It rains. And so it was. Truly."},
    ),
    "max-new-tokens": (
        "/message --role Note --use-story-writer --max-new-tokens 200 -- It rains.",
        {"role": "Note", "text": "It rains. And so it was. Truly."},
    ),
    "max-sentences": (
        "/message --role Note --use-story-writer --max-sentences 2 -- It rains.",
        {"role": "Note", "text": "It rains. And so it was."},
    ),
    "reply": ("/message --role Event --reply false -- A noise", {"role": "Event", "text": "A noise"}),
    "narrate": ("/message --role Event --reply false --narrate false -- A noise", {"role": "Event", "text": "A noise"}),
    "--": ("/message --role User --reply false -- -- two dashes", {"role": "User", "text": "-- two dashes"}),
}


@pytest.mark.parametrize("argument", ARGUMENTS)
async def test_an_argument_of_message_does_what_it_is_for(argument: str) -> None:
    command, expected = ARGUMENTS[argument]
    async with playing(characters=CAST) as play:
        await play.say(command)
        await play.settled()
        assert play.said == [(expected["role"], expected["text"])]
        assert play.brain.views == []


async def test_who_speaks_is_told_by_name_or_by_role() -> None:
    async with playing(characters=CAST) as play:
        await play.say("/message --character catherine -- One")
        await play.say("/message --scenario-role friend -- Two")
        await play.say("/message --scenario-role main -- Three")
        await play.settled()
        assert [m.sender.name for m in play.conversation.chat.messages] == ["Catherine", "Catherine", "Vox"]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ('/message --character "Bob" -- Hi', "there is no character 'Bob'"),
        ("/message --scenario-role villain -- Hi", "nobody has the scenario role 'villain'"),
    ],
)
async def test_who_is_not_there_cannot_speak(command: str, problem: str) -> None:
    async with playing(characters=CAST) as play:
        assert problem in (await play.client.say(command))["error"]
        assert play.said == []


async def test_templates_stand_for_names() -> None:
    async with playing(characters=CAST) as play:
        await play.say(
            "/note {{ char }}, {{ user }}, {{ scenario_chars.main }}, {{ scenario_chars.friend }}{{ other }}"
        )
        await play.say("/message --scenario-role friend -- I am {{ char }}")
        await play.settled()
        assert [text for _, text in play.said] == ["Vox, Streamer, Vox, Catherine", "I am Catherine"]


async def test_bootstrap_messages_stand_at_the_beginning_in_their_order() -> None:
    first = [
        {"role": "Note", "text": "It is late."},
        {"text": "Hi {{ user }}!"},
        {"role": "Assistant", "scenario_role": "friend", "text": "Hi {{ scenario_chars.main }}!"},
        {"role": "Secret", "text": "Vox is tired."},
    ]
    async with playing(characters=CAST, bootstrap=first) as play:
        assert play.said == [
            ("Note", "It is late."),
            ("Assistant", "Hi Streamer!"),
            ("Assistant", "Hi Vox!"),
            ("Secret", "Vox is tired."),
        ]
        assert [m["text"] for m in play.greeting["messages"]] == ["It is late.", "Hi Streamer!", "Hi Vox!"]
        assert play.brain.views == []


async def test_a_story_that_is_not_written_is_told() -> None:
    class Blocked(ScriptedBrain):
        async def write(self, view: ChatView, prompt: str) -> AsyncGenerator[str, None]:
            yield " "

    async with playing(brain=Blocked()) as play:
        await play.client.say("/story It rains.")
        await play.settled()
        assert play.troubles == ["Story was not written: the story writer had nothing to write"]
        assert play.said == []


async def test_retry_while_an_event_is_narrated_leaves_it_in_the_chat() -> None:
    settings = CompanionSection(port=0, pace=PATIENCE, speech="espeak")
    async with (
        CompanionServer(settings, brain=ScriptedBrain("Indeed."), scenario=loaded(characters=CAST)) as server,
        connected(server.url) as client,
    ):
        await client.enter(audioOutput="Url")
        await client.say("/event It rains. And it thunders.")
        await client.expect("replyChunk", isNarration=True)

        await client.in_chat("retry")
        await client.expect("update", role="Assistant")

        messages = server._hub.open[client.session_id].chat.messages
        assert [m.text for m in messages] == ["It rains. And it thunders.", "Indeed."]


async def test_without_a_narrator_nothing_is_narrated() -> None:
    settings = CompanionSection(port=0, pace=0.0, speech="espeak")
    async with (
        CompanionServer(settings, brain=ScriptedBrain("Indeed."), scenario=loaded(characters=ALONE)) as server,
        connected(server.url) as client,
    ):
        await client.enter(audioOutput="Url")
        await client.say("/event It rains.")
        await client.expect("replyEnd")
        assert not any(chunk["isNarration"] for chunk in client.of_kind("replyChunk"))
