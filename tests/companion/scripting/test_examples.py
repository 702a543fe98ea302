"""The code examples of Voxta's documentation of scripting, as authors copy them; slips of the pen are mended."""

from typing import Any

import pytest

from relay.companion.scripting.sandbox import Scripts
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
    SetContext,
    SetVariable,
    TriggerApp,
)
from tests.companion.play import PATIENT
from tests.companion.scripting.stage import EVENT, state, trigger, well

TRIGGERS: dict[str, tuple[str, list[Order]]] = {
    "a trigger": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            // Your code here
        }""",
        [],
    ),
    "all message types": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.instructions('Instructions');
            chat.note('Note');
            chat.secret('Secret');
            chat.event('Event');
            chat.story('Story');
            chat.userMessage('User');
            chat.characterMessage('Character');
            chat.roleMessage('main', 'Your message here');
            chat.customMessage({
                role: 'Secret',
                text: 'Generated Secret',
                useStoryWriter: true,
                maxNewTokens: 10,
                maxSentences: 5,
                triggerReply: false,
                narrate: false,
            });
        }""",
        [
            AddMessage(MessageRole.INSTRUCTIONS, "Instructions"),
            AddMessage(MessageRole.NOTE, "Note"),
            AddMessage(MessageRole.SECRET, "Secret"),
            AddMessage(MessageRole.EVENT, "Event"),
            AddMessage(MessageRole.STORY, "Story", use_story_writer=True),
            AddMessage(MessageRole.USER, "User"),
            AddMessage(MessageRole.ASSISTANT, "Character"),
            AddMessage(MessageRole.ASSISTANT, "Your message here", scenario_role="main"),
            AddMessage(
                MessageRole.SECRET,
                "Generated Secret",
                reply=False,
                use_story_writer=True,
                max_new_tokens=10,
                max_sentences=5,
                narrate=False,
            ),
        ],
    ),
    "a message of the user": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.userMessage('Hey, How are you?');
        }""",
        [AddMessage(MessageRole.USER, "Hey, How are you?")],
    ),
    "a message of the character": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.characterMessage('Hey, I am Voxta, nice to meet you!');
        }""",
        [AddMessage(MessageRole.ASSISTANT, "Hey, I am Voxta, nice to meet you!")],
    ),
    "a message by role": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.roleMessage('friend', 'How are you doing today?');
        }""",
        [AddMessage(MessageRole.ASSISTANT, "How are you doing today?", scenario_role="friend")],
    ),
    "the character's name": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            const name = e.character.name;
            console.log(name);
        }""",
        [Log("Vox")],
    ),
    "the name by role": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            const name = chat.roles.friend.name;
            console.log(name);
        }""",
        [Log("Catherine")],
    ),
    "all characters": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.characters.forEach(c => {
                console.log("Character: " + c.name);
            });
        }""",
        [Log("Character: Vox"), Log("Character: Catherine")],
    ),
    "the user's name": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            const name = e.user.name;
            console.log(name);
        }""",
        [Log("Streamer")],
    ),
    "an argument": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            const speed = e.arguments.speed;
            console.log(speed);
        }""",
        [Log("3")],
    ),
    "variables and flags": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.variables.myVariable = 123;
            chat.set("myVariable", 123);
            const myVariable1 = chat.variables.myVariable;
            const myVariable2 = chat.get("myVariable", 0);
            chat.setFlag('my_flag');
            chat.setFlag('my_flag.enum_value');
            chat.unsetFlag('my_flag'); chat.setFlag('!my_flag');
            chat.setFlags('my_flag', 'my_enum_flag.enum_value', '!another_flag');
            if (chat.hasFlag('my_flag')) {
                console.log(myVariable1, myVariable2);
            }
        };""",
        [
            SetVariable("myVariable", 123),
            SetVariable("myVariable", 123),
            ChangeFlags(("my_flag",)),
            ChangeFlags(("my_flag.enum_value",)),
            ChangeFlags(("!my_flag",)),
            ChangeFlags(("!my_flag",)),
            ChangeFlags(("my_flag", "my_enum_flag.enum_value", "!another_flag")),
            Log("123 123"),
        ],
    ),
    "flags that expire": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.setFlag('cooldown_flag', { messages: 10 });
            chat.setFlag('cooldown_flag', { seconds: 2 * 60 });
        };""",
        [ChangeFlags(("cooldown_flag",), messages=10), ChangeFlags(("cooldown_flag",), seconds=120)],
    ),
    "a role": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.setRoleEnabled("friend", true);
        };""",
        [EnableRole("friend", True)],
    ),
    "an app trigger": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.appTrigger('my_event', "arg1", "arg2");
        };""",
        [TriggerApp("my_event", ("arg1", "arg2"))],
    ),
    "a queued app trigger": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.queueAppTrigger('my_event', "arg1", "arg2");
        };""",
        [TriggerApp("my_event", ("arg1", "arg2"), queued=True)],
    ),
    "a context": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            chat.setContext("context_name", "{{ char }} is wearing a crown.", "my_flag");
        };""",
        [SetContext("context_name", "{{ char }} is wearing a crown.", "my_flag")],
    ),
    "the message": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            const role = e.message.role;
            const text = e.message.text;
            console.log(role, text);
        };""",
        [Log("User Go left, John")],
    ),
    "who the character is": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            const scenarioRole = e.character.scenarioRole;
            const name = e.character.name;
            console.log(scenarioRole, name);
        };""",
        [Log("main Vox")],
    ),
    "the flow of the chat": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            e.chatFlow(chat.roles.main);
            e.chatFlow(chat.user);
        };""",
        [NextSpeaker("c1"), NextSpeaker(None)],
    ),
    "the next event": (
        """import { chat } from "@voxta";
        export function trigger(e) {
            e.evaluateNextEvent();
        };""",
        [EvaluateNextEvent()],
    ),
}

LIBRARY = """import { chat } from "@voxta";
export function winRound(e, points) {
    const newScore = chat.set("score", chat.get("score", 0) + points);
    chat.note(`${e.character.name} won this round! The score is now: ${newScore} points`);
};"""

LISTENERS: dict[str, tuple[str, dict[str, Any], list[Order]]] = {
    "start": ("chat.variables.myVariable = 0;", {"hasBootstrapMessages": True}, [SetVariable("myVariable", 0)]),
    "init": ('console.log("Initializing...");', {}, [Log("Initializing...")]),
    "resume": (
        "console.log(`Chat resumed! Last message was ${e.message.text}`);",
        {},
        [Log("Chat resumed! Last message was Go left, John")],
    ),
    "transcriptionStarted": ("console.log(`User started talking...`);", {}, [Log("User started talking...")]),
    "transcriptionFinished": (
        "if (e.text) { console.log(`User said: ${e.text}`); } else { console.log(`User stopped talking...`); }",
        {"text": "hello"},
        [Log("User said: hello")],
    ),
    "userMessageReceived": (
        "e.rewriteUserMessage(e.message.text.replace(/John/, 'Jane'));",
        {},
        [RewriteUserMessage("Go left, Jane")],
    ),
    "generating": (
        "console.log(`Generating reply from ${e.character.name}...`);",
        {},
        [Log("Generating reply from Vox...")],
    ),
    "generatingComplete": (
        "console.log(`Generated reply from ${e.character.name}: ${e.message.text}`);",
        {},
        [Log("Generated reply from Vox: Go left, John")],
    ),
    "typingStart": ("console.log('User has started typing...');", {}, [Log("User has started typing...")]),
    "typingEnd": ("console.log(`User has stopped typing...`);", {}, [Log("User has stopped typing...")]),
    "app:hover": (
        "console.log(`User hovered over: ${e.arguments.limbName}`);",
        {},
        [Log("User hovered over: arm")],
    ),
    "action:my_action": (
        "console.log(`Action ${e.action} called on layer ${e.layer} and context key ${e.contextKey} for character "
        "${e.character.name} following message ${e.message.text} with argument myValue = '${e.arguments.myValue}'.`);",
        {"action": "my_action", "layer": "l", "contextKey": "k", "arguments": {"myValue": 1}},
        [
            Log(
                "Action my_action called on layer l and context key k for character Vox following message "
                "Go left, John with argument myValue = '1'."
            )
        ],
    ),
}


@pytest.mark.parametrize("name", TRIGGERS)
def test_an_example_of_a_trigger_does_what_its_text_says(name: str) -> None:
    source, expected = TRIGGERS[name]
    assert well(trigger({"t": source}, "another_flag")) == expected


@pytest.mark.parametrize("name", LISTENERS)
def test_an_example_of_a_listener_does_what_its_text_says(name: str) -> None:
    body, fields, expected = LISTENERS[name]
    source = f"import {{ chat }} from '@voxta';\nchat.addEventListener('{name}', (e) => {{ {body} }});"
    engine = Scripts({"scripts/index.js": source}, seed=0, limits=PATIENT)
    assert engine.open("scripts/index.js", state()).error is None
    assert engine.hears(name)
    heard = engine.emit(name, EVENT | fields, state())
    engine.close()
    assert well(heard) == expected


def test_the_example_of_a_library_keeps_the_score() -> None:
    source = "import { winRound } from './lib';\nexport function trigger(e) {\n    winRound(e, 10);\n}"
    assert well(trigger({"lib": LIBRARY, "t": source})) == [
        SetVariable("score", 10),
        AddMessage(MessageRole.NOTE, "Vox won this round! The score is now: 10 points"),
    ]


def test_the_example_of_what_is_done_after_speech_is_done_then() -> None:
    source = """import { chat } from "@voxta";
    export function trigger(e) {
        e.afterSpeech(() => {
            console.log('This will be called after speech completes');
        });
    };"""
    engine = Scripts({"scripts/t.js": source}, seed=0, limits=PATIENT)
    first = engine.trigger("scripts/t.js", EVENT, state())
    later = engine.call_back(1, state())
    again = engine.call_back(1, state())
    engine.close()
    assert well(first) == [AfterSpeech(1)]
    assert well(later) == [Log("This will be called after speech completes")]
    assert well(again) == []
