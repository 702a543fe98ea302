"""Each event that scripts may listen for, as it comes to pass in a chat."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from relay.companion.scenario.files import ScriptLimits
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from tests.companion.play import CAST, Play, loaded, playing
from tests.companion.raw import ScriptedBrain, connected

IMPORT = 'import { chat } from "@voxta";\n'


def listener(name: str, body: str) -> dict[str, str]:
    return {"index.js": f"{IMPORT}chat.addEventListener('{name}', (e) => {{ {body} }});"}


async def talks(play: Play) -> None:
    await play.ask("Hello John")


async def types(play: Play) -> None:
    await play.client.in_chat("typingStart")
    await play.client.in_chat("typingEnd")


async def hovers(play: Play) -> None:
    await play.app("hover", limbName="arm")


async def acts(play: Play) -> None:
    await play.say("/trigger my_action myValue=3")


async def plays(play: Play) -> None:
    reply = await play.ask("Hello John")
    await play.client.in_chat("speechPlaybackStart", messageId=reply["messageId"], startIndex=0, duration=1)
    await play.client.in_chat("speechPlaybackComplete", messageId=reply["messageId"])


async def understands(play: Play) -> None:
    play.conversation.user_types("transcriptionStarted")
    play.conversation.understood("what a day")


async def nothing(play: Play) -> None:
    """Opening the chat is enough."""


Happening = Callable[[Play], Awaitable[None]]

LISTENERS: dict[str, tuple[str, str, Happening, str]] = {
    "init": ("init", "chat.variables.seen = 'init'", nothing, "init"),
    "start": ("start", "chat.variables.seen = `start ${e.hasBootstrapMessages}`", nothing, "start false"),
    "transcriptionStarted": ("transcriptionStarted", "chat.variables.seen = 'started'", understands, "started"),
    "transcriptionFinished": ("transcriptionFinished", "chat.variables.seen = e.text", understands, "what a day"),
    "userMessageReceived": (
        "userMessageReceived",
        "chat.variables.seen = `${e.message.role}: ${e.message.text}`",
        talks,
        "User: Hello John",
    ),
    "generating": ("generating", "chat.variables.seen = e.character.name", talks, "Vox"),
    "generatingComplete": (
        "generatingComplete",
        "chat.variables.seen = `${e.character.name}: ${e.message.text}`",
        talks,
        "Vox: Sure. Why not?",
    ),
    "typingStart": ("typingStart", "chat.variables.seen = 'typing'", types, "typing"),
    "typingEnd": ("typingEnd", "chat.variables.seen = 'typed'", types, "typed"),
    "speechStart": ("speechStart", "chat.variables.seen = e.message.text", plays, "Sure."),
    "speechComplete": ("speechComplete", "chat.variables.seen = e.message.text", plays, "Sure. Why not?"),
    "app:*": ("app:hover", "chat.variables.seen = e.arguments.limbName", hovers, "arm"),
    "action:*": (
        "action:my_action",
        "chat.variables.seen = [e.action, e.layer, e.contextKey, e.character.name, e.arguments.myValue].join()",
        acts,
        "my_action,hands,scenario,Vox,3",
    ),
}


@pytest.mark.parametrize("name", LISTENERS)
async def test_a_listener_hears_of_it(name: str) -> None:
    event, body, happening, seen = LISTENERS[name]
    actions = [{"name": "my_action", "layer": "hands", "timing": "Manual"}]
    async with playing(listener(event, body), actions=actions) as play:
        await happening(play)
        await play.settled()
        assert play.variables.get("seen") == seen
        assert play.troubles == []


async def test_resume_is_heard_when_a_chat_is_opened_again_and_start_is_not(tmp_path: Path) -> None:
    script = {
        "index.js": f"""{IMPORT}
        chat.addEventListener('start', () => {{ chat.variables.starts = chat.get('starts', 0) + 1; }});
        chat.addEventListener('resume', (e) => {{ chat.variables.last = e.message.text; }});
        chat.addEventListener('init', () => {{ chat.variables.inits = chat.get('inits', 0) + 1; }});"""
    }
    async with playing(script) as play:
        await play.ask("Hello")
        await play.client.in_chat("stopChat")
        await play.client.call("resumeChat", chatId=play.client.chat_id)
        play.client.session_id = (await play.client.expect("chatStarted"))["sessionId"]
        assert play.variables == {"starts": 1, "inits": 2, "last": "Sure. Why not?"}


async def test_start_knows_of_bootstrap_messages_and_comes_before_them() -> None:
    script = listener("start", "chat.note(`first, and ${e.hasBootstrapMessages}`)")
    async with playing(script, bootstrap=[{"text": "Hi {{ user }}!"}]) as play:
        assert play.said == [("Note", "first, and true"), ("Assistant", "Hi Streamer!")]


async def test_a_users_message_is_rewritten_before_anybody_sees_it() -> None:
    script = listener("userMessageReceived", "e.rewriteUserMessage(e.message.text.replace(/John/, 'Jane'))")
    async with playing(script) as play:
        await play.ask("Hello John")
        assert play.client.of_kind("update")[0]["text"] == "Hello Jane"
        assert play.brain.views[0].lines[0].text == "Hello Jane"


async def test_what_a_script_says_to_a_users_message_is_said_before_the_reply_to_it() -> None:
    script = listener("userMessageReceived", "chat.characterMessage('You roll a six!'); chat.queueAppTrigger('dice')")
    async with playing(script) as play:
        await play.client.say("Roll")
        await play.complete(await play.client.expect("appTrigger"))
        await play.settled()
        assert play.said == [("User", "Roll"), ("Assistant", "You roll a six!"), ("Assistant", "Sure. Why not?")]


async def test_the_place_of_a_users_message_is_that_after_the_reply_it_cuts_off() -> None:
    script = listener("userMessageReceived", "chat.variables.place = e.message.index")
    async with playing(script, brain=ScriptedBrain("One. ", "Two. ", "Three.", hold=2)) as play:
        await play.client.say("Count!")
        await play.client.expect("replyChunk")
        await play.client.say("Stop!")
        play.brain.go.set()
        await play.settled()
        said = {m.text: m.index for m in play.conversation.chat.messages}
        assert play.variables == {"place": said["Stop!"]}


async def test_half_a_character_from_a_script_throws_nobody_out() -> None:
    half = "chat.variables.half = e.message.text.slice(0, 7); e.rewriteUserMessage(chat.variables.half)"
    async with playing(listener("userMessageReceived", half)) as play:
        await play.ask("Hello \U0001f600 you")
        assert play.variables == {"half": "Hello \ufffd"}
        async with connected(play.server.url) as newcomer:
            assert (await newcomer.enter())["messages"][0]["text"] == "Hello \ufffd"


async def test_what_a_listener_leaves_for_after_speech_waits_until_the_speech_was_heard() -> None:
    script = listener("userMessageReceived", "e.afterSpeech(() => chat.appTrigger('bell', e.message.text))")
    async with playing(script, brain=ScriptedBrain("One. ", "Two. ", "Three.", hold=2)) as play:
        await play.client.say("Ring!")
        await play.client.expect("replyChunk")
        early = play.triggers
        play.brain.go.set()
        await play.settled()
        assert (early, play.triggers) == ([], [("bell", ["Ring!"])])


async def test_what_is_left_after_speech_for_after_speech_waits_for_the_next() -> None:
    again = "const again = () => { chat.appTrigger('bell'); e.afterSpeech(again); };"
    once = "chat.get('on') || e.afterSpeech(again); chat.variables.on = true"
    async with playing(listener("generatingComplete", f"{again} {once}")) as play:
        await play.ask("Hello")
        await play.settled()
        bells = len(play.triggers)
        await play.client.in_chat("typingStart")
        await play.ask("Hello again")
        await play.settled()
        assert (bells, len(play.triggers), play.troubles) == (1, 2, [])


async def test_speech_that_is_played_is_over_when_its_player_says_so() -> None:
    settings = CompanionSection(port=0, pace=0.0, speech="espeak")
    script = listener(
        "generatingComplete", "e.afterSpeech(() => chat.appTrigger('bell')); chat.queueAppTrigger('gong')"
    )
    async with (
        CompanionServer(settings, brain=ScriptedBrain("Hello there."), scenario=loaded(script)) as server,
        connected(server.url) as client,
    ):
        await client.enter(audioOutput="Url")
        await client.say("Hi")
        reply = await client.expect("update", role="Assistant")
        await client.call("loadScenariosList")
        early = client.of_kind("appTrigger")
        await client.in_chat("speechPlaybackStart", messageId=reply["messageId"], duration=0.5)
        await client.in_chat("speechPlaybackComplete", messageId=reply["messageId"])
        assert early == []
        gong = await client.expect("appTrigger")
        await client.in_chat("appTriggerComplete", triggerId=gong["triggerId"])
        assert [t["name"] for t in client.of_kind("appTrigger")] == ["gong", "bell"]


async def test_a_listener_that_fails_is_told_with_file_and_line_and_the_chat_goes_on() -> None:
    async with playing(listener("generating", "e.foo.bar()"), characters=CAST) as play:
        reply = await play.ask("Hello")
        assert reply["text"] == "Sure. Why not?"
        [trouble] = play.troubles
        assert trouble.startswith("A script failed: scripts/index.js:2:") and "TypeError" in trouble


async def test_a_script_that_never_ends_costs_its_time_and_the_chat_goes_on() -> None:
    async with playing(listener("userMessageReceived", "for (;;);"), limits=ScriptLimits(seconds=0.05)) as play:
        assert (await play.ask("Hello"))["text"] == "Sure. Why not?"
        assert "it took longer than 50 ms and was stopped" in play.troubles[0]


async def test_scripts_begin_anew_after_one_that_calls_itself_without_end() -> None:
    script = {
        "index.js": f"""{IMPORT}
        let inits = 0;
        chat.addEventListener('init', () => {{ inits++; chat.variables.inits = chat.get('inits', 0) + 1; }});
        chat.addEventListener('app:break', () => {{ const f = (n) => f(n + 1) + 1; f(0); }});
        chat.addEventListener('app:ask', () => chat.note(`inits ${{inits}}`));"""
    }
    async with playing(script) as play:
        await play.app("break")
        await play.app("ask")
        assert play.said == [("Note", "inits 1")]
        assert play.variables == {"inits": 2}
        assert "called itself without end" in play.troubles[0]


@pytest.mark.parametrize("event", ["init", "start"])
async def test_a_trigger_for_apps_from_before_anybody_listened_reaches_the_first_listener(event: str) -> None:
    script = listener(event, 'chat.appTrigger("scene", "Forest"); chat.queueAppTrigger("music", 3)')
    async with playing(script) as play:
        await play.settled()

        assert play.triggers == [("scene", ["Forest"]), ("music", [3])]
