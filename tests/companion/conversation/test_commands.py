import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.companion.conversation.commands import Ask, Regenerate, Repeat, Rollback, Trigger, parse
from relay.companion.state.chat import MessageRole, Refused
from relay.companion.state.orders import AddMessage, ChangeFlags, SetContext

COMMANDS = [
    "event", "story", "note", "instructions", "secret", "trigger", "summarize", "repeat", "noreply", "char",
    "setflags", "capture", "context", "message", "regenerate", "rollback", "image",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("Hello!", AddMessage(MessageRole.USER, "Hello!")),
        ("  Hello!\n", AddMessage(MessageRole.USER, "Hello!")),
        ("*", Ask()),
        ("", Ask()),
        ("**", AddMessage(MessageRole.USER, "**")),
        ("[A door slams]", AddMessage(MessageRole.EVENT, "A door slams")),
        ("[TWITCH] Anna: hi", AddMessage(MessageRole.USER, "[TWITCH] Anna: hi")),
        ("/event A door slams", AddMessage(MessageRole.EVENT, "A door slams")),
        ("/Event: A door slams", AddMessage(MessageRole.EVENT, "A door slams")),
        ("/event\nA door\nslams", AddMessage(MessageRole.EVENT, "A door\nslams")),
        ("/note n", AddMessage(MessageRole.NOTE, "n")),
        ("/secret s", AddMessage(MessageRole.SECRET, "s")),
        ("/instructions i", AddMessage(MessageRole.INSTRUCTIONS, "i")),
        ("/char c", AddMessage(MessageRole.ASSISTANT, "c")),
        ("/noreply n", AddMessage(MessageRole.USER, "n", reply=False)),
        ("/story A storm", AddMessage(MessageRole.STORY, "A storm", use_story_writer=True)),
        ("/setflags a !b pose.sit", ChangeFlags(("a", "!b", "pose.sit"))),
        ("/context It rains.", SetContext("/context", "It rains.")),
        ("/context", SetContext("/context", None)),
        ("/trigger wave", Trigger("wave")),
        (
            '/trigger wave speed=3 how="very wildly" end=',
            Trigger("wave", (("speed", "3"), ("how", "very wildly"), ("end", ""))),
        ),
        ("/repeat", Repeat()),
        ("/regenerate", Regenerate()),
        ("/rollback", Rollback()),
        ("/message -- Hi", AddMessage(MessageRole.ASSISTANT, "Hi")),
        ('/message --character "Cat" -- -- Hi', AddMessage(MessageRole.ASSISTANT, "-- Hi", character="Cat")),
        (
            '/message --character "A \\"B\\" -- C" -- Hi',
            AddMessage(MessageRole.ASSISTANT, "Hi", character='A "B" -- C'),
        ),
        ("/message --scenario-role main -- Hi", AddMessage(MessageRole.ASSISTANT, "Hi", scenario_role="main")),
        ("/message --role note --narrate false -- A noise", AddMessage(MessageRole.NOTE, "A noise", narrate=False)),
        ("/message --reply --role User -- Hi", AddMessage(MessageRole.USER, "Hi", reply=True)),
        (
            "/message --role Secret --use-story-writer --max-new-tokens 200 --max-sentences 2 -- Then!",
            AddMessage(MessageRole.SECRET, "Then!", use_story_writer=True, max_new_tokens=200, max_sentences=2),
        ),
    ],
)
def test_a_text_is_what_it_asks_for(text: str, command: object) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("/dance", "unknown command /dance"),
        ("/", "unknown command /"),
        ("/ event x", "unknown command /"),
        ("/image x", "/image needs an image service"),
        ("/trigger", "/trigger needs the name of an action"),
        ("/trigger wave wildly", "'wildly' is no argument"),
        ("/message --role Story -- x", "--role is one of User, Assistant"),
        ("/event", "/event needs a text"),
        ("[]", "needs a text"),
        ("/setflags", "/setflags needs flags"),
        ("/message Hi", "'Hi' belongs to no argument"),
        ("/message --role Event", "needs a text after --"),
        ("/message --role Event --", "needs a text after --"),
        ("/message --role Bard -- x", "--role is one of User, Assistant"),
        ("/message --volume 11 -- x", "there is no --volume"),
        ("/message --max-sentences few -- x", "--max-sentences is a number"),
        ("/message --reply maybe -- x", "--reply is true or false"),
        ("/message --character -- x", "--character needs a value"),
        ("/message --character A --scenario-role b -- x", "exclude each other"),
        ("/message --role Note --character A -- x", "go with --role Assistant"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, problem: str) -> None:
    with pytest.raises(Refused, match=problem):
        parse(text)


any_case = st.sampled_from(COMMANDS).flatmap(
    lambda name: st.lists(st.booleans(), min_size=len(name), max_size=len(name)).map(
        lambda ups: "".join(c.upper() if up else c for c, up in zip(name, ups, strict=True))
    )
)


@given(
    st.text() | st.builds("/{} {}".format, any_case, st.text()) | st.builds("/message {}".format, st.text('-" \\ar1'))
)
def test_every_text_is_a_command_or_refused(text: str) -> None:
    try:
        command = parse(text)
    except Refused as refused:
        assert str(refused)
    else:
        assert not isinstance(command, AddMessage) or command.text.strip()


@given(any_case, st.sampled_from(["", ":"]))
def test_the_case_and_a_colon_change_nothing(name: str, colon: str) -> None:
    def outcome(text: str) -> object:
        try:
            return parse(text)
        except Refused as refused:
            return str(refused)

    assert outcome(f"/{name}{colon} a -- b") == outcome(f"/{name.lower()} a -- b")


@given(st.text(min_size=1).filter(lambda text: text.strip()[:1] not in ("", "/", "[", "*")))
def test_plain_text_is_a_user_message_as_it_stands(text: str) -> None:
    assert parse(text) == AddMessage(MessageRole.USER, text.strip())
