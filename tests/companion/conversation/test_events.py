"""Events in a chat: their order, their effects, and the patterns that authors build out of them."""

from collections.abc import AsyncGenerator

import pytest

from relay.companion.brains.base import ChatView
from relay.companion.scenario.model import Effect
from tests.companion.play import CAST, Hands, playing
from tests.companion.raw import Json, ScriptedBrain

IMPORT = 'import { chat } from "@voxta";\n'


def note(name: str, text: str = "", **conditions: object) -> Json:
    return {"name": name, "effect": {"note": text or name}} | conditions


async def test_the_first_event_whose_conditions_hold_happens_and_no_other() -> None:
    events = [note("never", match="xyzzy"), note("first"), note("second")]
    async with playing(events=events) as play:
        await play.say("Hello")
        assert play.said == [("User", "Hello"), ("Note", "first")]


async def test_a_script_may_let_the_next_one_happen_too() -> None:
    script = {"on.js": "export function trigger(e) { e.evaluateNextEvent(); }"}
    events = [
        {"name": "a", "effect": {"note": "a", "script": "scripts/on.js"}},
        note("not this", match="xyzzy"),
        note("b"),
        note("c"),
    ]
    async with playing(script, events=events) as play:
        await play.say("Hello")
        assert [text for role, text in play.said if role == "Note"] == ["a", "b"]


async def test_what_is_not_enabled_does_not_happen() -> None:
    async with playing(events=[note("off", enabled=False)]) as play:
        await play.say("Hello")
        assert play.said == [("User", "Hello")]


async def test_what_happens_once_happens_once_in_a_chat_also_after_it_was_resumed() -> None:
    async with playing(events=[note("welcome", once=True)]) as play:
        await play.say("One")
        await play.say("Two")
        await play.client.in_chat("stopChat")
        await play.client.call("resumeChat", chatId=play.client.chat_id)
        play.client.session_id = (await play.client.expect("chatStarted"))["sessionId"]
        await play.say("Three")
        assert [text for role, text in play.said if role == "Note"] == ["welcome"]


EFFECTS: dict[str, tuple[Json, list[tuple[str, str]]]] = {
    "set_flags": ({"set_flags": ["a", "!b"]}, []),
    "note": ({"note": "It rains on {{ user }}."}, [("Note", "It rains on Streamer.")]),
    "instructions": ({"instructions": "Say hi."}, [("Instructions", "Say hi.")]),
    "secret": ({"secret": "He lies."}, [("Secret", "He lies.")]),
    "event": ({"event": "A door slams."}, [("Event", "A door slams.")]),
    "story": (
        {"story": {"text": "A storm.", "max_new_tokens": 50, "max_sentences": 2}},
        [("Story", "A storm. And so it was.")],
    ),
    "script": ({"script": "scripts/t.js"}, [("Note", "from a script: go")]),
}


@pytest.mark.parametrize("effect", EFFECTS)
async def test_an_effect_does_what_it_is_for(effect: str) -> None:
    described, expected = EFFECTS[effect]
    script = {"t.js": f"{IMPORT}export function trigger(e) {{ chat.note(`from a script: ${{e.message.text}}`); }}"}
    events = [{"name": "e", "match": "go", "once": True, "effect": described}]
    async with playing(script, events=events, flags=["b"]) as play:
        await play.say("go")
        await play.settled()
        assert play.said[1 : 1 + len(expected)] == expected
        assert play.flags == (["a"] if effect == "set_flags" else ["b"])
        replies = effect in ("event", "story")
        assert bool(play.brain.views) == replies


async def test_effects_come_in_their_order_and_lead_to_one_reply() -> None:
    effect = {"set_flags": ["x"], "note": "N", "instructions": "I", "secret": "S", "event": "E"}
    async with playing(events=[{"name": "all", "target": "user", "effect": effect}]) as play:
        await play.ask("Hello")
        await play.settled()
        assert [role for role, _ in play.said] == ["User", "Note", "Instructions", "Secret", "Event", "Assistant"]


async def test_characters_messages_make_events_happen_too() -> None:
    async with playing(events=[note("heard", target="assistant", match="why not")]) as play:
        await play.ask("Hello")
        await play.settled()
        assert play.said[-1] == ("Note", "heard")


DRAGON: Json = {"name": "dragon", "match": "dragon"}


async def test_what_a_script_lets_characters_say_makes_no_event_happen() -> None:
    roar = f"""{IMPORT}
    export function trigger() {{
      if (chat.set("roars", chat.get("roars", 0) + 1) < 5) chat.characterMessage("A dragon!");
    }}"""
    events = [DRAGON | {"effect": {"script": "scripts/roar.js"}}]
    async with playing({"roar.js": roar}, events=events) as play:
        await play.say("A dragon")
        await play.settled()
        assert play.variables == {"roars": 1}


async def test_a_story_that_an_event_has_written_makes_no_event_happen() -> None:
    stories = iter(["The dragon comes closer."] * 3)

    class Writer(ScriptedBrain):
        async def write(self, view: ChatView, prompt: str) -> AsyncGenerator[str, None]:
            yield next(stories, "It is gone.")

    async with playing(brain=Writer(), events=[DRAGON | {"effect": {"story": "go on"}}]) as play:
        await play.say("A dragon")
        await play.settled()
        assert [text for role, text in play.said if role == "Story"] == ["The dragon comes closer."]


async def test_a_script_that_adds_to_what_was_said_is_not_told_of_its_own_addition() -> None:
    script = f"""{IMPORT}
    chat.addEventListener("generatingComplete", () => {{
      if (chat.set("told", chat.get("told", 0) + 1) < 5) chat.characterMessage("And more.");
    }});"""
    async with playing({"index.js": script}) as play:
        await play.ask("Hello")
        await play.settled()
        assert [text for _, text in play.said] == ["Hello", "Sure. Why not?", "And more."]


async def test_time_alone_makes_events_happen() -> None:
    clock = Hands()
    events = [
        note("a minute", time={"min": 60}, once=True),
        note("not by time", match="x"),
        {"name": "again", "time": {"min": 30, "since": "tick"}, "effect": {"note": "tick", "set_flags": ["tick"]}},
    ]
    async with playing(events=events, flags=["tick"], clock=clock) as play:
        for _ in range(3):
            clock.now += 30
            play.conversation.wake()
        clock.now += 29
        play.conversation.wake()
        assert [text for _, text in play.said] == ["tick", "a minute", "tick", "tick"]


async def test_an_event_that_happens_ever_again_keeps_no_other_from_its_time() -> None:
    clock = Hands()
    events = [note("from now on", time={"min": 10}), note("late", time={"min": 70})]
    async with playing(events=events, clock=clock) as play:
        for seconds in (10, 60):
            clock.now += seconds
            play.conversation.wake()
        assert play.said == [("Note", "from now on"), ("Note", "late")]


async def test_the_end_of_a_flag_lets_happen_what_waited_for_it() -> None:
    clock = Hands()
    events = [note("at last", time={"min": 10}, flags="!busy")]
    script = f"{IMPORT}chat.setFlag('busy', {{ seconds: 20 }});"
    async with playing({"index.js": script}, events=events, clock=clock) as play:
        for seconds in (10, 11):
            clock.now += seconds
            play.conversation.wake()
        assert play.said == [("Note", "at last")]


async def test_what_waited_for_the_end_of_a_flag_happens_beside_what_falls_due_then() -> None:
    clock = Hands()
    events = [
        note("open", time={"min": 5}),
        note("at last", time={"min": 10}, flags="!busy"),
        note("X", time={"min": 60}),
    ]
    script = f"{IMPORT}chat.setFlag('busy', {{ seconds: 60 }});"
    async with playing({"index.js": script}, events=events, clock=clock) as play:
        for seconds in (5, 5, 50):
            clock.now += seconds
            play.conversation.wake()
        assert [text for _, text in play.said] == ["open", "X", "at last"]


async def test_a_script_may_let_the_next_one_happen_that_time_has_brought_earlier() -> None:
    clock = Hands()
    script = f"{IMPORT}export function trigger(e) {{ chat.setFlag('x'); e.evaluateNextEvent(); }}"
    events = [
        {"name": "A", "time": {"min": 60}, "effect": {"note": "A", "script": "scripts/on.js"}},
        note("B", time={"min": 10}, flags="x"),
        note("C", time={"min": 10}),
    ]
    async with playing({"on.js": script}, events=events, clock=clock) as play:
        for seconds in (10, 50):
            clock.now += seconds
            play.conversation.wake()
        assert [text for _, text in play.said] == ["C", "A", "B"]


async def test_what_a_script_let_happen_happens_no_second_time_when_it_is_due_itself() -> None:
    clock = Hands()
    script = {"on.js": "export function trigger(e) { e.evaluateNextEvent(); }"}
    first: Json = {"name": "first", "time": {"min": 10}, "effect": {"note": "first", "script": "scripts/on.js"}}
    async with playing(script, events=[first, note("second", time={"min": 10})], clock=clock) as play:
        clock.now += 10
        play.conversation.wake()
        assert [text for _, text in play.said] == ["first", "second"]


async def test_the_chat_wakes_by_itself_when_an_event_is_due() -> None:
    import time

    from relay.companion.serving.server import CompanionServer
    from relay.config import CompanionSection
    from tests.companion.play import loaded
    from tests.companion.raw import connected

    scenario = loaded(events=[note("soon", time={"min": 0.2}, once=True)])
    server = CompanionServer(CompanionSection(port=0), brain=ScriptedBrain(), scenario=scenario, clock=time.time)
    async with server, connected(server.url) as client:
        entered = await client.enter()
        shown = entered["messages"] or [await client.expect("update")]
        assert [m["text"] for m in shown] == ["soon"]


async def test_a_paused_chat_is_left_alone_by_time() -> None:
    clock = Hands()
    async with playing(events=[note("late", time={"min": 60})], clock=clock) as play:
        await play.client.in_chat("pauseChat", pause=True)
        clock.now += 100
        play.conversation.wake()
        assert play.said == []


async def test_what_fell_due_in_a_pause_happens_at_its_end() -> None:
    clock = Hands()
    events = [note("later", time={"min": 70}, once=True), note("late", time={"min": 60}, once=True)]
    async with playing(events=events, clock=clock) as play:
        await play.client.in_chat("pauseChat", pause=True)
        for seconds in (60, 10):
            clock.now += seconds
            play.conversation.wake()
        await play.client.in_chat("pauseChat", pause=False)
        assert play.said == [("Note", "late"), ("Note", "later")]


async def test_the_end_of_a_flag_in_a_pause_lets_happen_at_its_end_what_waited_for_it() -> None:
    clock = Hands()
    events = [note("at last", time={"min": 10}, flags="!busy"), note("X", time={"min": 60})]
    script = f"{IMPORT}chat.setFlag('busy', {{ seconds: 20 }});"
    async with playing({"index.js": script}, events=events, clock=clock) as play:
        clock.now += 10
        play.conversation.wake()
        await play.client.in_chat("pauseChat", pause=True)
        for seconds in (10, 40):
            clock.now += seconds
            play.conversation.wake()
        await play.client.in_chat("pauseChat", pause=False)
        assert [text for _, text in play.said] == ["X", "at last"]


async def test_the_end_of_a_pause_in_which_nothing_fell_due_lets_nothing_happen() -> None:
    clock = Hands()
    async with playing(events=[note("open", time={"min": 10})], clock=clock) as play:
        clock.now += 10
        play.conversation.wake()
        for pause in (True, False):
            await play.client.in_chat("pauseChat", pause=pause)
            clock.now += 1
        assert play.said == [("Note", "open")]


async def test_the_end_of_a_pause_that_was_none_lets_nothing_happen() -> None:
    clock = Hands()
    async with playing(events=[note("each minute", time={"min": 60})], clock=clock) as play:
        clock.now += 61
        await play.client.in_chat("pauseChat", pause=False)
        assert play.said == []


async def test_chance_is_the_same_under_the_same_seed() -> None:
    async def run(seed: int) -> list[str]:
        async with playing(events=[note("cat", probability=0.3)], seed=seed) as play:
            for number in range(30):
                await play.say(f"Message {number}")
            return [text for _, text in play.said]

    assert await run(1) == await run(1)
    assert await run(1) != await run(2)


# The patterns of the documentation


async def test_events_follow_one_another_by_flags() -> None:
    events = [
        {"name": "A", "match": "begin", "effect": {"set_flags": ["event1"], "note": "A"}},
        {
            "name": "B",
            "messages": {"min": 5, "since": "event1"},
            "effect": {"set_flags": ["!event1", "event2"], "note": "B"},
        },
        {"name": "C", "messages": {"min": 2, "since": "event2"}, "once": True, "effect": {"note": "C"}},
    ]
    async with playing(events=events) as play:
        for text in ("Hello", "Let us begin", "1", "2", "3", "4", "5", "6", "7", "8"):
            await play.say(text)
        texts = [text for _, text in play.said]
        assert texts == ["Hello", "Let us begin", "A", "1", "2", "3", "4", "5", "B", "6", "7", "C", "8"]
        assert play.flags == ["event2"]


@pytest.mark.parametrize(("text", "way"), [("To the LEFT", "went_left"), ("Hm", "went_right")])
async def test_a_script_sends_the_story_one_way_or_the_other(text: str, way: str) -> None:
    script = {
        "branch.js": f"""{IMPORT}
        export function trigger(e) {{
          if (e.message.text.toLowerCase().includes("left")) {{
            chat.setFlag('went_left');
          }} else {{
            chat.setFlag('went_right');
          }}
          chat.setFlag('direction_chosen');
        }}"""
    }
    branch = {
        "name": "branch",
        "target": "user",
        "flags": "!direction_chosen",
        "effect": {"script": "scripts/branch.js"},
    }
    async with playing(script, events=[branch]) as play:
        await play.say(text)
        await play.say("left right left")
        assert play.flags == ["direction_chosen", way]


async def test_an_event_that_sets_its_own_flag_comes_back_for_ever() -> None:
    heartbeat = {
        "name": "heartbeat",
        "messages": {"min": 5, "since": "heartbeat"},
        "effect": {"set_flags": ["heartbeat"], "note": "beat"},
    }
    async with playing(events=[heartbeat], flags=["heartbeat"]) as play:
        for number in range(1, 18):
            await play.say(str(number))
        texts = [text for _, text in play.said]
        assert [texts[place - 1] for place, text in enumerate(texts) if text == "beat"] == ["5", "10", "15"]


async def test_a_window_lets_an_event_become_likelier_until_it_happens() -> None:
    happened = []
    for seed in range(20):
        cat = note("cat", probability=0.5, messages={"min": 5, "max": 10}, once=True)
        async with playing(events=[cat], seed=seed) as play:
            for number in range(1, 13):
                await play.say(str(number))
            texts = [text for _, text in play.said]
            happened.append(int(texts[texts.index("cat") - 1]) if "cat" in texts else 0)
    assert min(number for number in happened if number) >= 5
    assert max(happened) <= 10
    assert 0.75 < sum(number > 0 for number in happened) / 20 <= 1, "all but 13 in 100 by then"


# Apps and characters


async def test_apps_bring_events_of_their_own() -> None:
    async with playing() as play:
        events = [note("app's", match="go")]
        await play.client.in_chat("updateContext", contextKey="game", events=events)
        await play.say("go")
        await play.client.in_chat("updateContext", contextKey="game", events=[])
        await play.say("go")
        assert play.said == [("User", "go"), ("Note", "app's"), ("User", "go")]


async def test_an_event_may_be_about_one_characters_words() -> None:
    events = [note("hers", target="friend"), note("his", target="main")]
    async with playing(characters=CAST, events=events) as play:
        await play.say("/message --scenario-role friend -- It is me")
        await play.settled()
        assert play.said == [("Assistant", "It is me"), ("Note", "hers")]


async def test_no_scenario_talks_to_itself_for_ever() -> None:
    echo = {"name": "echo", "target": "assistant", "effect": {"event": "An echo."}}
    async with playing(events=[echo]) as play:
        await play.client.say("Hello")
        while not any("no more replies" in line for line in play.logged):
            await play.client.more()
        assert len(play.brain.views) == 8
        await play.client.say("Still there?")
        while len(play.brain.views) == 8:
            await play.client.more()


def test_events_are_named_once_in_the_model() -> None:
    assert set(EFFECTS) == set(Effect.model_fields)
