"""Actions in a chat: when they may be chosen, what they do, and where they come from."""

import pytest

from relay.companion.conversation.turns import AUTONOMY
from tests.companion.play import CAST, Play, playing
from tests.companion.raw import Json, ScriptedBrain

IMPORT = 'import { chat } from "@voxta";\n'


def acted(play: Play) -> list[str]:
    """The actions clients were told of."""
    return [action["value"] for action in play.client.of_kind("action")]


def action(name: str, **fields: object) -> Json:
    return {"name": name, "effect": {"note": f"{name} done"}} | fields


TIMINGS = {
    "AfterUserMessage": ["User", "Note", "Assistant"],
    "BeforeAssistantMessage": ["User", "Note", "Assistant"],
    "AfterAssistantMessage": ["User", "Assistant", "Note"],
    "Manual": ["User", "Assistant"],
}


@pytest.mark.parametrize("timing", TIMINGS)
async def test_an_action_is_chosen_at_its_time(timing: str) -> None:
    brain = ScriptedBrain("I wave at you. ", "There!")
    async with playing(actions=[action("wave", timing=timing)], brain=brain) as play:
        await play.ask("Please wave")
        await play.settled()
        while timing != "Manual" and not acted(play):
            await play.client.more()
        await play.settled()
        assert [role for role, _ in play.said] == TIMINGS[timing]
        assert acted(play) == ([] if timing == "Manual" else ["wave"])


async def test_an_action_whose_script_speaks_is_not_chosen_upon_its_own_words_for_ever() -> None:
    roar = f"""{IMPORT}
    export function trigger() {{
      if (chat.set("roars", chat.get("roars", 0) + 1) < 99) chat.characterMessage("I roar.");
    }}"""
    roaring = {"name": "roar", "timing": "AfterAssistantMessage", "effect": {"script": "scripts/roar.js"}}
    async with playing({"roar.js": roar}, actions=[roaring], brain=ScriptedBrain("I roar.")) as play:
        await play.ask("Hello")
        while play.variables.get("roars", 0) < AUTONOMY + 1:
            await play.client.more()
        await play.settled()
        assert play.variables == {"roars": AUTONOMY + 1}


async def test_an_action_is_chosen_upon_a_reply_however_much_the_scenario_has_said_before_it() -> None:
    scene = f"""{IMPORT}
    chat.addEventListener("userMessageReceived", () => {{
      for (let line = 0; line <= {AUTONOMY}; line++) chat.characterMessage(`Line ${{line}}.`);
    }});"""
    waving = action("wave", timing="AfterAssistantMessage", match="Sure")
    async with playing({"index.js": scene}, actions=[waving], brain=ScriptedBrain("I wave. ", "Sure.")) as play:
        await play.ask("Hello")
        while not acted(play):
            await play.client.more()


async def test_an_action_is_told_with_all_that_an_app_needs() -> None:
    async with playing(actions=[action("wave", layer="hands")]) as play:
        await play.ask("Please wave")
        [told] = play.client.of_kind("action")
        assert (told["value"], told["layer"], told["contextKey"]) == ("wave", "hands", "scenario")
        assert (told["role"], told["scenarioRole"]) == ("Assistant", "main")
        assert told["senderId"] == play.conversation.chat.character.id
        assert told["arguments"] == []


async def test_of_each_layer_one_is_chosen_in_alphabetical_order_of_layers() -> None:
    actions = [action("wave", layer="z"), action("wink", layer="a"), action("nod", layer="a"), action("hum")]
    async with playing(actions=actions) as play:
        await play.ask("wave, wink, nod and hum")
        assert acted(play) == ["hum", "wink", "wave"]


@pytest.mark.parametrize(
    "conditions",
    [{"flags": "asleep"}, {"match": "xyzzy"}, {"target": "assistant"}, {"enabled": False}, {"probability": 0}],
)
async def test_an_action_whose_conditions_do_not_hold_cannot_be_chosen(conditions: Json) -> None:
    async with playing(actions=[action("wave", **conditions)]) as play:
        await play.ask("Please wave")
        assert acted(play) == []


async def test_an_action_that_happens_once_is_chosen_once() -> None:
    async with playing(actions=[action("wave", once=True)]) as play:
        await play.ask("Please wave")
        await play.ask("Please wave")
        assert acted(play) == ["wave"]


async def test_an_action_may_stand_in_for_the_reply() -> None:
    async with playing(actions=[action("wave", cancelReply=True)]) as play:
        await play.client.say("Please wave")
        await play.client.expect("replyCancelled")
        await play.settled()
        assert play.said == [("User", "Please wave"), ("Note", "wave done")]


async def test_what_an_action_does_is_known_to_the_reply_after_it() -> None:
    async with playing(actions=[action("wave")]) as play:
        await play.ask("Please wave")
        assert [line.text for line in play.brain.views[-1].lines] == ["Please wave", "wave done"]


async def test_without_a_reply_actions_are_chosen_all_the_same() -> None:
    async with playing(actions=[action("wave")]) as play:
        await play.client.say("/noreply Please wave")
        await play.client.expect("action")
        assert play.brain.views == []


@pytest.mark.parametrize(
    ("switch", "timing"),
    [
        ("doUserActionInference", "AfterUserMessage"),
        ("doCharacterActionInference", "BeforeAssistantMessage"),
        ("doCharacterActionInference", "AfterAssistantMessage"),
    ],
)
async def test_a_client_may_switch_the_choice_off(switch: str, timing: str) -> None:
    brain = ScriptedBrain("I wave.")
    async with playing(actions=[action("wave", timing=timing)], brain=brain) as play:
        await play.ask("Please wave", **{switch: False})
        await play.settled()
        assert acted(play) == []


async def test_actions_are_triggered_by_hand_with_their_arguments() -> None:
    script = {
        "t.js": f"{IMPORT}export function trigger(e) {{ chat.note(`${{e.arguments.speed}} by ${{e.character.name}}`) }}"
    }
    waving = {"name": "wave", "timing": "Manual", "effect": {"script": "scripts/t.js"}}
    async with playing(script, actions=[waving]) as play:
        await play.say('/trigger wave speed="very fast"')
        await play.client.in_chat("triggerAction", value="wave", arguments={"speed": 3})
        await play.client.in_chat("triggerAction", value="wave", arguments=[{"name": "speed", "value": True}])
        assert play.said == [("Note", "very fast by Vox"), ("Note", "3 by Vox"), ("Note", "true by Vox")]
        assert [a["arguments"] for a in play.client.of_kind("action")][1] == [{"name": "speed", "value": 3}]


async def test_an_app_brings_its_own_actions_and_takes_them_back() -> None:
    async with playing() as play:
        sword = {
            "name": "draw_sword",
            "description": "Draw the sword",
            "timing": "AfterUserMessage",
            "arguments": [{"name": "how", "type": "String", "description": "how", "required": False}],
            "effect": {"setFlags": ["armed"], "secret": "The sword is cursed."},
            "flagsFilter": "!armed",
            "somethingNew": 1,
        }
        await play.client.in_chat("updateContext", contextKey="game", actions=[sword])
        await play.ask("draw_sword!")
        await play.ask("draw_sword!")
        told = play.client.of_kind("action")
        assert [(a["value"], a["contextKey"]) for a in told] == [("draw_sword", "game")]
        assert play.flags == ["armed"]
        assert ("Secret", "The sword is cursed.") in play.said
        await play.client.in_chat("updateContext", contextKey="game", actions=[])
        assert "no action 'draw_sword'" in (await play.client.say("/trigger draw_sword"))["error"]


async def test_scripts_bring_actions_and_listen_for_them() -> None:
    script = {
        "index.js": f"""{IMPORT}
        chat.setActions('my_context_key', [{{ name: 'adjust_desk_height', layer: 'desk_control',
          timing: 'AfterUserMessage', description: 'Adjust the desk height',
          arguments: [{{ name: 'height', type: 'integer', description: '0 to 5' }}] }}]);
        chat.addEventListener('action:adjust_desk_height', (e) => {{
          chat.note(`${{e.action}} ${{e.layer}} ${{e.contextKey}} ${{e.character.name}} ${{e.message.text}}`);
        }});"""
    }
    async with playing(script) as play:
        await play.ask("adjust_desk_height please")
        said = "adjust_desk_height desk_control my_context_key Vox adjust_desk_height please"
        assert play.said[1] == ("Note", said)
        assert play.client.of_kind("contextUpdated") == [], "it was so before anybody listened"


async def test_who_answers_is_who_acts() -> None:
    async with playing(characters=CAST, actions=[action("wave", timing="BeforeAssistantMessage")]) as play:
        await play.ask("Catherine, please wave")
        [told] = play.client.of_kind("action")
        assert told["scenarioRole"] == "friend"


async def test_inspectors_are_told_what_happens_behind_the_scenes() -> None:
    script = {"t.js": f"{IMPORT}export function trigger(e) {{ chat.note('x') }}"}
    events = [{"name": "word", "match": "sesame", "effect": {"script": "scripts/t.js"}}]
    async with playing(script, events=events, actions=[action("wave", timing="Manual")]) as play:
        await play.say("sesame")
        await play.say("/trigger wave")
        told = [m for m in play.client.messages if m["$type"].endswith("Executed")]
        assert [(m["$type"], m.get("event") or m.get("script") or m.get("action")) for m in told] == [
            ("inspectorScenarioEventExecuted", "word"),
            ("inspectorScriptExecuted", "scripts/t.js"),
            ("inspectorActionExecuted", "wave"),
        ]


async def test_a_typed_argument_of_a_slash_command_is_of_its_type_for_apps_and_scripts() -> None:
    arguments = [{"name": "height", "type": "integer", "required": True}, {"name": "gently", "type": "boolean"}]
    scripts = {"move.js": "export function trigger(e) { console.log(e.arguments.height + 1, e.arguments.note); }"}
    desk = action("desk", timing="Manual", arguments=arguments, effect={"script": "scripts/move.js"})
    async with playing(scripts, actions=[desk]) as play:
        await play.say('/trigger desk height=3 gently=yes note="slowly"')

        [told] = play.client.of_kind("action")
        assert {a["name"]: a["value"] for a in told["arguments"]} == {"height": 3, "gently": True, "note": "slowly"}
        assert "4 slowly" in play.logged


@pytest.mark.parametrize(
    ("given", "problem"), [("", "desk needs height"), ("height=tall", "height is of the type integer, not 'tall'")]
)
async def test_an_argument_that_does_not_fit_is_named(given: str, problem: str) -> None:
    desk = action("desk", timing="Manual", arguments=[{"name": "height", "type": "integer", "required": True}])
    async with playing(actions=[desk]) as play:
        await play.client.say(f"/trigger desk {given}")

        assert problem in (await play.client.expect("chatSessionError"))["message"]
        assert acted(play) == []


async def test_each_layers_action_is_about_the_message_it_follows_and_not_about_a_note_between() -> None:
    scripts = {"tell.js": "export function trigger(e) { console.log(`on ${e.message.text}`); }"}
    tell = {"script": "scripts/tell.js"}
    actions = [action("hum", layer="a"), action("wave", layer="b", effect=tell)]
    async with playing(scripts, actions=actions) as play:
        await play.ask("hum and wave")
        await play.settled()

        assert "on hum and wave" in play.logged
