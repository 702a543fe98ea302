"""Each member of `chat`, `e` and `character`, one by one: what a script that uses it orders."""

import pytest

from relay.companion.scenario.model import Action, Argument, Timing
from relay.companion.state.chat import MessageRole
from relay.companion.state.orders import (
    AddMessage,
    AfterSpeech,
    ChangeFlags,
    EnableRole,
    EvaluateNextEvent,
    Log,
    NextSpeaker,
    Order,
    RewriteUserMessage,
    SetActions,
    SetContext,
    SetVariable,
    TriggerApp,
)
from tests.companion.scripting.stage import orders, run, trigger, well

CUSTOM = AddMessage(
    MessageRole.SECRET,
    "Generated Secret",
    reply=False,
    use_story_writer=True,
    max_new_tokens=10,
    max_sentences=5,
    narrate=False,
)
DESK = Action(
    name="adjust_desk_height",
    layer="desk_control",
    timing=Timing.AFTER_ASSISTANT_MESSAGE,
    description="Adjust the desk height",
    arguments=(Argument(name="height", type="integer", description="0 to 5"),),
)

MEMBERS: dict[str, tuple[str, list[Order]]] = {
    "chat.instructions": ("chat.instructions('I')", [AddMessage(MessageRole.INSTRUCTIONS, "I")]),
    "chat.note": ("chat.note('N')", [AddMessage(MessageRole.NOTE, "N")]),
    "chat.secret": ("chat.secret('S')", [AddMessage(MessageRole.SECRET, "S")]),
    "chat.event": ("chat.event('E')", [AddMessage(MessageRole.EVENT, "E")]),
    "chat.story": ("chat.story('S')", [AddMessage(MessageRole.STORY, "S", use_story_writer=True)]),
    "chat.userMessage": ("chat.userMessage('U')", [AddMessage(MessageRole.USER, "U")]),
    "chat.characterMessage": ("chat.characterMessage('C')", [AddMessage(MessageRole.ASSISTANT, "C")]),
    "chat.roleMessage": (
        "chat.roleMessage('friend', 'R')",
        [AddMessage(MessageRole.ASSISTANT, "R", scenario_role="friend")],
    ),
    "chat.customMessage": (
        "chat.customMessage({ role: 'Secret', text: 'Generated Secret', useStoryWriter: true, maxNewTokens: 10,"
        " maxSentences: 5, triggerReply: false, narrate: false })",
        [CUSTOM],
    ),
    "chat.roles": ("console.log(chat.roles.friend.name, chat.roles.main.name)", [Log("Catherine Vox")]),
    "chat.characters": ("chat.characters.forEach(c => console.log(c.name))", [Log("Vox"), Log("Catherine")]),
    "chat.user": ("console.log(chat.user.name)", [Log("Streamer")]),
    "chat.variables": (
        "chat.variables.a = 1; chat.variables.a++; chat.variables.a += 5; console.log(chat.variables.a)",
        [SetVariable("a", 1), SetVariable("a", 2), SetVariable("a", 7), Log("7")],
    ),
    "chat.set": ("console.log(chat.set('a', 'x'))", [SetVariable("a", "x"), Log("x")]),
    "chat.get": ("console.log(chat.get('known', 0), chat.get('other', 3), chat.get('none'))", [Log("5 3 undefined")]),
    "chat.setFlag": (
        "chat.setFlag('a'); chat.setFlag('a.b'); chat.setFlag('!c')",
        [ChangeFlags(("a",)), ChangeFlags(("a.b",)), ChangeFlags(("!c",))],
    ),
    "chat.setFlag with messages": ("chat.setFlag('a', { messages: 10 })", [ChangeFlags(("a",), messages=10)]),
    "chat.setFlag with seconds": ("chat.setFlag('a', { seconds: 2 * 60 })", [ChangeFlags(("a",), seconds=120)]),
    "chat.unsetFlag": ("chat.unsetFlag('set')", [ChangeFlags(("!set",))]),
    "chat.setFlags": ("chat.setFlags('a', 'b.c', '!d')", [ChangeFlags(("a", "b.c", "!d"))]),
    "chat.hasFlag": (
        "console.log(chat.hasFlag('set'), chat.hasFlag('mood'), chat.hasFlag('mood.sad'), chat.hasFlag('!set'))",
        [Log("true true false false")],
    ),
    "chat.setRoleEnabled": ("chat.setRoleEnabled('friend', false)", [EnableRole("friend", False)]),
    "chat.setContext": (
        "chat.setContext('hat', '{{ char }} wears a hat.', 'my_flag'); chat.setContext('hat')",
        [SetContext("hat", "{{ char }} wears a hat.", "my_flag"), SetContext("hat", None)],
    ),
    "chat.appTrigger": ("chat.appTrigger('e', 'a', 2.5, true)", [TriggerApp("e", ("a", 2.5, True))]),
    "chat.queueAppTrigger": ("chat.queueAppTrigger('e', 'a')", [TriggerApp("e", ("a",), queued=True)]),
    "chat.time": ("console.log(chat.time)", [Log("12.5")]),
    "chat.setActions": (
        "chat.setActions('my_context_key', { name: 'adjust_desk_height', layer: 'desk_control',"
        " timing: 'AfterAssistantMessage', description: 'Adjust the desk height',"
        " arguments: [{ name: 'height', type: 'integer', description: '0 to 5' }] })",
        [SetActions("my_context_key", (DESK,))],
    ),
    "chat.addEventListener": ("chat.addEventListener('start', () => 0)", []),
    "e.message": (
        "const m = e.message; console.log(m.role, m.text, m.id, m.senderId, m.index, m.conversationIndex)",
        [Log("User Go left, John m u 7 5")],
    ),
    "e.character": ("console.log(e.character.name, e.character.scenarioRole)", [Log("Vox main")]),
    "e.user": ("console.log(e.user.name)", [Log("Streamer")]),
    "e.arguments": ("console.log(e.arguments['speed'], e.arguments.speed)", [Log("3 3")]),
    "e.afterSpeech": ("e.afterSpeech(() => 0)", [AfterSpeech(1)]),
    "e.chatFlow": (
        "e.chatFlow(chat.roles.friend); e.chatFlow(chat.user)",
        [NextSpeaker("c2"), NextSpeaker(None)],
    ),
    "e.evaluateNextEvent": ("e.evaluateNextEvent()", [EvaluateNextEvent()]),
    "e.rewriteUserMessage": (
        "e.rewriteUserMessage(e.message.text.replace(/John/, 'Jane')); console.log(e.message.text)",
        [RewriteUserMessage("Go left, Jane"), Log("Go left, Jane")],
    ),
    "character.id": ("console.log(e.character.id)", [Log("c1")]),
    "character.name": ("console.log(chat.roles.friend.name)", [Log("Catherine")]),
    "character.scenarioRole": ("console.log(chat.roles.friend.scenarioRole)", [Log("friend")]),
    "character.assets": ("console.log(e.character.assets)", [Log('["Vox/wave.png"]')]),
    "console.log": ("console.log('a', 1, { b: [2] })", [Log('a 1 {"b":[2]}')]),
}


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_does_what_it_is_for(member: str) -> None:
    body, expected = MEMBERS[member]
    assert orders(body, "set", "mood.happy") == expected


def test_half_a_character_is_replaced_wherever_a_script_cuts_it() -> None:
    said = r"const said = 'Hello \u{1F600} you', cut = said.slice(0, 7)"
    assert orders(f"{said}; chat.note(said); chat.note(cut); chat.variables.last = cut; chat.appTrigger('a', cut)") == [
        AddMessage(MessageRole.NOTE, "Hello \U0001f600 you"),
        AddMessage(MessageRole.NOTE, "Hello \ufffd"),
        SetVariable("last", "Hello \ufffd"),
        TriggerApp("a", ("Hello \ufffd",)),
    ]


@pytest.mark.parametrize("body", [r"throw new Error('\ud83d')", r"throw '\udc00'", r"chat.setFlag('\ud83d')"])
def test_half_a_character_is_replaced_in_what_goes_wrong(body: str) -> None:
    error = run(body).error
    assert error is not None and "\ufffd" in error


@pytest.mark.parametrize("specifier", ["./lib", "./lib.js", "../scripts/lib"])
def test_scripts_share_what_they_export(specifier: str) -> None:
    lib = "export let score = { value: 5 }; export function win(points) { score.value += points; }"
    middle = f'import {{ win, score }} from "{specifier}"; win(10); console.log(score.value)'

    script = f"{middle}; export function trigger(e) {{ win(1); console.log(score.value) }}"

    assert well(trigger({"lib": lib, "t": script})) == [Log("15"), Log("16")]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("chat.note()", "chat.note: a text is missing"),
        ("chat.note('x'.repeat(9000))", "9000 characters are too many; at most 8000"),
        ("chat.setFlag('a b')", "chat.setFlag: a b is no flag"),
        ("chat.setFlag('a', { messages: 0 })", "messages is a number above 0, not 0"),
        ("chat.hasFlag()", "chat.hasFlag: undefined is no flag"),
        ("chat.variables.a = {}", "chat.variables.a is a text, a number, true or false, not object"),
        ("chat.set('a', NaN)", "not number"),
        ("chat.appTrigger('e', [1])", "argument 1 is a text"),
        ("chat.appTrigger()", "the name: a text is missing"),
        ("chat.addEventListener('start')", "a function is missing"),
        ("e.afterSpeech()", "e.afterSpeech: a function is missing"),
        ("e.chatFlow('main')", "e.chatFlow takes chat.user, or a character"),
        ("chat.customMessage('x')", "takes an object"),
        ("chat.customMessage({ role: 'Bard', text: 'x' })", "role is one of User, Assistant"),
        ("chat.customMessage({ text: 'x', maxSentences: 'few' })", "maxSentences is a number from 1, not 'few'"),
        ("chat.customMessage({ text: 'x', narrate: 1 })", "narrate is true or false, not 1"),
        ("chat.setActions('k', { timing: 'Never' })", "chat.setActions: name: Field required"),
        ("chat.setContext('c', 'x', 'a &&')", "'a &&' is no condition on flags"),
        ("for (;;) chat.note('x')", "at most 200 things at a time"),
    ],
)
def test_what_cannot_be_ordered_is_named(body: str, problem: str) -> None:
    error = run(body).error
    assert error is not None and problem in error
