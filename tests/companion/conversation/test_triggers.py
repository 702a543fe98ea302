"""Queued app triggers: what comes after waits until an app has done them, and never for ever."""

import pytest

from tests.companion.play import CAST, Play, playing
from tests.companion.raw import ScriptedBrain, connected
from tests.support import eventually

SCRIPT = {
    "index.js": """import { chat } from "@voxta";
    chat.addEventListener('app:dance', () => {
      chat.appTrigger('light');
      chat.queueAppTrigger('drums');
      chat.queueAppTrigger('curtain');
      chat.customMessage({ text: 'Ta-da!', triggerReply: false });
    });"""
}


def names(play: Play) -> list[str]:
    return [trigger["name"] for trigger in play.client.of_kind("appTrigger")]


async def test_each_is_waited_for_before_the_next_one_and_what_is_said_then() -> None:
    async with playing(SCRIPT, characters=CAST) as play:
        await play.app("dance")
        light, drums = play.client.of_kind("appTrigger")
        assert "triggerId" not in light
        assert (names(play), play.said) == (["light", "drums"], [])

        await play.complete(drums)
        assert (names(play), play.said) == (["light", "drums", "curtain"], [])

        await play.complete(play.client.of_kind("appTrigger")[-1])
        await play.settled()
        assert play.said == [("Assistant", "Ta-da!")]


async def test_a_completion_that_nobody_waits_for_means_nothing() -> None:
    async with playing(SCRIPT) as play:
        await play.app("dance")
        drums = play.client.of_kind("appTrigger")[1]
        await play.complete({"triggerId": "guessed"})
        assert names(play) == ["light", "drums"]

        await play.complete(drums)
        await play.complete(drums)

        assert names(play) == ["light", "drums", "curtain"]


async def test_the_turn_is_not_over_while_one_is_carried_out() -> None:
    gong = """import { chat } from "@voxta";
    chat.addEventListener('generatingComplete', () => chat.queueAppTrigger('gong'));"""
    async with playing({"index.js": gong}) as play:
        await play.ask("Hello")
        trigger = await play.client.expect("appTrigger")
        await play.client.call("loadScenariosList")
        assert play.client.of_kind("chatFlow")[-1]["state"] == "ProcessingAssistantReply"

        await play.complete(trigger)

        assert play.client.of_kind("chatFlow")[-1]["state"] == "WaitingForUserInput"


async def test_a_person_who_speaks_does_not_wait_for_it() -> None:
    async with playing(SCRIPT, brain=ScriptedBrain("Sure.")) as play:
        await play.app("dance")

        assert (await play.ask("Stop that!"))["text"] == "Sure."
        assert names(play) == ["light", "drums"]


@pytest.mark.parametrize("grace", [0.01])
async def test_one_that_no_app_completes_delays_the_chat_and_no_more(
    grace: float, caplog: pytest.LogCaptureFixture
) -> None:
    async with playing(SCRIPT, grace=grace) as play:
        await play.app("dance")
        await eventually(lambda: play.said == [("Assistant", "Ta-da!")])

    assert "No app said within 0.01 s" in caplog.text


async def test_it_ends_with_the_last_app_that_could_do_it() -> None:
    async with playing(SCRIPT) as play:
        conversation = play.conversation
        async with connected(play.server.url) as other:
            await other.enter()
            conversation.leave(next(iter(conversation.audience.inspectors)))
            await other.in_chat("triggerScriptEvent", name="dance")
            assert [t["name"] for t in other.of_kind("appTrigger")] == ["light", "drums"]

        await eventually(lambda: [m.text for m in conversation.chat.messages] == ["Ta-da!"])
