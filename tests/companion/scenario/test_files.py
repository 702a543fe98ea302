"""Scenarios in folders: read, checked with errors that name file, key and fix, and read anew when saved."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from relay.companion.scenario import files
from relay.companion.scenario.example import EXAMPLE, copy_to
from relay.companion.scenario.files import SCRIPTS, Loaded, Snapshot, follow, load, snapshot
from relay.companion.scenario.model import Event, Scenario
from relay.companion.scenario.validation import parts, problems
from relay.companion.scripting.checking import summary
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.errors import ConfigError
from tests.companion.raw import ScriptedBrain, connected
from tests.support import eventually, examples

TRAILING_COMMA = (
    "Illegal trailing comma before end of object: line 1 column 13"
    if sys.version_info >= (3, 13)
    else "Expecting property name enclosed in double quotes: line 1 column 14"
)
LEAST = 'name = "Test"\n[[characters]]\nname = "Vox"\n'


def write(folder: Path, toml: str = LEAST, **scripts: str) -> Path:
    (folder / "scripts").mkdir(exist_ok=True)
    (folder / "scenario.toml").write_text(toml, "utf-8")
    for name, source in scripts.items():
        (folder / "scripts" / f"{name}.js").write_text(source, "utf-8")
    return folder


def test_a_scenario_needs_a_name_and_a_character(tmp_path: Path) -> None:
    loaded = load(write(tmp_path))
    assert (loaded.scenario.name, loaded.scenario.characters[0].role, loaded.scripts) == ("Test", "main", {})


def test_json_does_as_well(tmp_path: Path) -> None:
    (tmp_path / "scenario.json").write_text(json.dumps({"name": "Test", "characters": [{"name": "Vox"}]}))
    assert load(tmp_path).scenario == Scenario.model_validate({"name": "Test", "characters": [{"name": "Vox"}]})


def test_scripts_are_known_by_their_path(tmp_path: Path) -> None:
    write(tmp_path, f'script = "scripts/index.js"\n{LEAST}', index="//", lib="//")
    (tmp_path / "scripts" / "deep").mkdir()
    (tmp_path / "scripts" / "deep" / "x.js").write_text("// deep")
    assert sorted(load(tmp_path).scripts) == ["scripts/deep/x.js", "scripts/index.js", "scripts/lib.js"]


EVENT = f'{LEAST}[[events]]\nname = "e"\n'

MISTAKES: list[tuple[str, str]] = [
    ("", "scenario.toml: name: Field required"),
    ("name = 'Test", "(at end of document)"),
    ("name = 'Test'\ncharacters = []", "scenario.toml: characters: at least one is needed"),
    (f"nam = 'x'\n{LEAST}", "scenario.toml: nam: there is no such key; do you mean 'name'?"),
    (f"{LEAST}persno = 'x'", "characters[0].persno: there is no such key; do you mean 'persona'?"),
    (f"{LEAST}flags = ['a']", "characters[0].flags: there is no such key here; move it to the top of the file"),
    (f"{LEAST}shoe_size = 3", "characters[0].shoe_size: there is no such key; known are role, name, persona, enabled"),
    (f"{EVENT}persona = 'x'", "events[0].persona: there is no such key; known are name, enabled, target"),
    (f"{EVENT}note = 'x'", "events[0].note: there is no such key; do you mean 'effect.note'?"),
    (f"{EVENT}effect.nite = 'x'", "events[0].effect.nite: there is no such key; do you mean 'note'?"),
    (f"{EVENT}effect.setFlag = ['x']", "events[0].effect.setFlag: there is no such key; do you mean 'set_flags'?"),
    (f"{EVENT}effect = 'x'", "events[0].effect: keys are expected, not 'x'; write { key = value }"),
    (f"{EVENT}effect.set_flags = 'x'", "events[0].effect.set_flags: a list is expected, not 'x'; write [...]"),
    (
        f"{LEAST}[events]\nname = 'e'",
        "events: a list is expected, not {'name': 'e'}; write [[events]], with two brackets",
    ),
    (f"variables = {{ a = [1] }}\n{LEAST}", "scenario.toml: variables.a: [1] is no text, number, true or false"),
    (f"variables = {{ a = -inf }}\n{LEAST}", "scenario.toml: variables.a: -inf is no text, number, true or false"),
    (f"{LEAST}role = 'user'", "characters: the role 'user' means others where messages are aimed at"),
    (f"{LEAST}role = 'a b'", "characters[0].role: String should match pattern"),
    (f"{LEAST}narrator = true", "characters: all are narrators; at least one has to take part"),
    (f"{LEAST}[[characters]]\nname = 'B'", "more than one has the role 'main'; give each its own"),
    (f"{EVENT}[[events]]\nname = 'e'", "events: more than one has the name 'e'"),
    (
        f"{EVENT}flags = 'a &&'",
        "events[0].flags: 'a &&' is no condition on flags: a name is missing; write it as in a && !b.c",
    ),
    (f"{EVENT}match = '('", "events[0].match: '(' is no regular expression: missing )"),
    (f"{EVENT}match = '{'(' * 900}{')' * 900}'", "has too many brackets inside each other; make it simpler"),
    (f"{EVENT}match = '((a{{900}}){{900}}){{900}}'", "repeats too much; make it simpler"),
    (f"{EVENT}match = '{'a' * 3000}'", "a regular expression may have 2000 characters, this one has 3000"),
    (f"{EVENT}target = 'friend'", "events 'e': target is 'friend'; known are user, assistant, main"),
    (f"{EVENT}probability = 50", "events[0].probability: Input should be less than or equal to 1, not 50"),
    (f"{EVENT}messages = {{ min = 5, max = 3 }}", "events[0].messages: max 3 is less than min 5"),
    (f"{EVENT}messages = {{ since = '!a' }}", "events[0].messages.since: '!a' is not one flag"),
    (f"{EVENT}effect.set_flags = ['a-b']", "events[0].effect.set_flags[0]: 'a-b' is no flag"),
    (
        f"{EVENT}effect.script = 'scripts/indx.js'",
        "there is no script 'scripts/indx.js'; do you mean 'scripts/index.js'?",
    ),
    (f"{EVENT}effect.script = '../x.js'", "there is no script '../x.js'"),
    (f"{LEAST}[[actions]]\nname = 'a'\ntiming = 'Never'", "actions[0].timing: Input should be 'AfterUserMessage'"),
    (f"{LEAST}[[contexts]]\ntext = 'x'\nroles = ['friend']", "contexts[0].roles is 'friend'; known are main"),
    (f"{LEAST}[[bootstrap]]\ntext = 'x'\nrole = 'Bard'", "bootstrap[0].role: Input should be 'User'"),
    (f"{LEAST}[[bootstrap]]\ntext = 'x'\nscenario_role = 'friend'", "scenario_role is 'friend'; known are main"),
    (f"{LEAST}[[bootstrap]]\ntext = 'x'\nrole = 'Note'\nscenario_role = 'main'", "goes with role Assistant, not Note"),
]


@pytest.mark.parametrize(("toml", "problem"), MISTAKES)
def test_a_mistake_is_named_with_its_file_and_its_key(tmp_path: Path, toml: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, toml, index="//"))
    assert problem in str(error.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, f"{EVENT}flags = '&&'\nprobability = 2\nmach = 'x'"))
    assert len(str(error.value).splitlines()) == 3


def test_all_that_does_not_fit_together_is_told_at_once_and_what_is_wrong_with_scripts_too(tmp_path: Path) -> None:
    write(tmp_path, f"{EVENT}target = 'friend'\n[[contexts]]\ntext = 'x'\nroles = ['foe']\n{EVENT.split(LEAST)[1]}")
    (tmp_path / "scripts" / "x.js").write_bytes(b"\xff")
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    assert [line.split(" ")[1] for line in str(error.value).splitlines()] == [
        "events:",
        "contexts[0].roles",
        "events",
        "it",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"name": "a", "name": "b"}', "scenario.json: 'name' is there twice in the same braces; keep one of them"),
        ('{"name": "\\ud800"}', "scenario.json: there is one half of a surrogate pair"),
        ('{"variables": {"a": NaN}}', "scenario.json: variables.a: nan is no text, number, true or false"),
        ('{"a\\nb\\u001b[2J": 1}', "scenario.json: 'a\\nb\\x1b[2J': there is no such key"),
        ('{"name": "a",', "Expecting property name enclosed in double quotes: line 1 column 14"),
        ('{"name": "a",}', TRAILING_COMMA),
    ],
)
def test_what_json_loses_without_a_word_is_told(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "scenario.json").write_text(content, "utf-8")
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    assert problem in str(error.value)


def test_there_are_not_too_many_scripts(tmp_path: Path) -> None:
    scripts = write(tmp_path) / "scripts"
    for number in range(SCRIPTS + 1):
        (scripts / f"{number}.js").touch()
    with pytest.raises(ConfigError, match="there are more than 200 of them; put several into one file"):
        load(tmp_path)
    (scripts / "0.js").unlink()
    assert len(load(tmp_path).scripts) == SCRIPTS


def test_a_script_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    write(tmp_path, f"{EVENT}effect.script = 'scripts/x.js'")
    (tmp_path / "scripts" / "x.js").write_bytes(b"\xff")
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    assert str(error.value) == "scripts/x.js: it is not UTF-8; save it as UTF-8"


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "there is no scenario.toml; name the folder of a scenario"),
        ({"scenario.toml": b"", "scenario.json": b"{}"}, "keep one of them"),
        ({"scenario.toml": b"\xff\xfe"}, "scenario.toml: it is not UTF-8"),
        ({"scenario.json": b"[" * 100_000}, "scenario.json: "),
        ({"scenario.toml": b"#" * (2**20 + 1)}, "it has more than 1024 KiB"),
        ({"scenario.toml": LEAST.encode(), "scripts/x.js": b"/" * (2**18 + 1)}, "scripts/x.js: it has more than 256"),
        ({"scenario.toml": LEAST.encode(), "scripts/x.js": b"\xff"}, "scripts/x.js: it is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, files: dict[str, bytes], problem: str) -> None:
    (tmp_path / "scripts").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        load(tmp_path)


def test_a_script_that_lies_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "outside.js").write_text("//")
    folder = tmp_path / "scenario"
    folder.mkdir()
    write(folder)
    try:
        (folder / "scripts" / "x.js").symlink_to(tmp_path / "outside.js")
    except OSError:
        pytest.skip("this system makes no links")
    with pytest.raises(ConfigError, match=r"scripts/x\.js: it lies outside the scenario's folder"):
        load(folder)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*Scenario.model_fields, "role", "text", "min", "flags"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(
    max_examples=examples(200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(values)
def test_no_content_of_a_file_breaks_it(tmp_path: Path, content: Any) -> None:
    (tmp_path / "scenario.json").write_text(json.dumps(content))
    try:
        load(tmp_path)
    except ConfigError as error:
        assert all(line.startswith("scenario.json: ") for line in str(error).splitlines())


@settings(
    max_examples=examples(200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.sampled_from([LEAST, EVENT, "match = ", "flags = ", "'(a{9}'", "[", "]", "=", "'", "\n", "x"]) | st.text()
    )
)
def test_no_toml_breaks_it(tmp_path: Path, pieces: list[str]) -> None:
    (tmp_path / "scenario.toml").write_text("".join(pieces), "utf-8", newline="")
    try:
        load(tmp_path)
    except ConfigError as error:
        assert str(error).startswith("scenario.toml: ")


@settings(max_examples=examples(300), deadline=None)
@given(st.text("ab(){}[]|*+?<>=!:\\^$-&~,0123456789PpLKdwsxuN.", max_size=30) | st.text(max_size=30))
def test_no_pattern_breaks_it(pattern: str) -> None:
    try:
        compiled = regex.compile(Event(name="e", match=pattern).match, regex.IGNORECASE)
        compiled.search("We turn left", timeout=1)
    except ValidationError as error:
        [line] = problems(error)
        assert line.startswith("match: ")


# Reading anew


async def test_a_saved_scenario_is_read_anew_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = snapshot(write(tmp_path))
    read: list[Loaded] = []
    following = asyncio.create_task(follow(tmp_path, known, read.append, every=0.01))
    write(tmp_path, "name = ")
    await eventually(lambda: "is not read anew" in caplog.text)
    assert read == []
    write(tmp_path, LEAST.replace("Test", "Other"))
    await eventually(lambda: bool(read))
    following.cancel()
    await asyncio.wait({following})
    assert read[0].scenario.name == "Other"


async def test_nothing_is_read_while_files_are_still_being_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saving = [(("a", number, 0),) for number in (1, 2, 3, 3)]
    looks = iter(saving)
    monkeypatch.setattr(files, "snapshot", lambda _: next(looks, saving[-1]))
    read: list[list[Snapshot]] = []
    following = asyncio.create_task(follow(write(tmp_path), (), lambda _: read.append([*looks]), every=0.01))
    await eventually(lambda: bool(read))
    following.cancel()
    await asyncio.wait({following})
    assert read == [[]]


async def test_a_chat_goes_on_with_an_edited_scenario(tmp_path: Path) -> None:
    folder = copy_of_the_example(tmp_path)
    server = CompanionServer(CompanionSection(port=0, pace=0.0, scenario=folder), brain=ScriptedBrain())
    async with server, connected(server.url) as client:
        await client.enter()
        await client.say("/setflags raid")
        await client.say("Hello")
        path = folder / "scenario.toml"
        path.write_text(path.read_text("utf-8").replace("everybody", "x").replace('name = "Vox"', 'name = "Volt"'))
        conversation = server._hub.open[client.session_id]
        await eventually(lambda: conversation.chat.character.name == "Volt")
        assert "Hello" in [m.text for m in conversation.chat.messages]
        assert "raid" in conversation.chat.story.flags.names


# The example, and what is documented


def copy_of_the_example(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    copy_to(folder)
    return folder


def test_the_example_has_no_mistakes(tmp_path: Path) -> None:
    assert summary(EXAMPLE).startswith("Friday night stream: no mistakes\n")
    assert "warning" not in summary(EXAMPLE)
    assert summary(copy_of_the_example(tmp_path)) == summary(EXAMPLE)


def test_a_copy_of_the_example_replaces_nothing(tmp_path: Path) -> None:
    copy_of_the_example(tmp_path)
    with pytest.raises(ConfigError, match="mine exists already; name a folder that does not"):
        copy_of_the_example(tmp_path)


def test_scripts_that_cannot_be_loaded_are_named(tmp_path: Path) -> None:
    write(tmp_path, bad="export function trigger(e) {", worse="import './nothing'", good="export const x = 1;")
    with pytest.raises(ConfigError) as error:
        summary(tmp_path)
    first, second = str(error.value).splitlines()
    assert first.startswith("scripts/bad.js:1:") and "SyntaxError" in first
    assert second.startswith("scripts/worse.js: there is no './nothing'")


def test_a_script_without_the_function_that_is_called_is_named(tmp_path: Path) -> None:
    calls = "".join(f"[[actions]]\nname = '{name}'\neffect.script = 'scripts/{name}.js'\n" for name in ("good", "none"))
    write(tmp_path, LEAST + calls, good="export const trigger = () => {};", none="export const x = 1;", lib="")
    with pytest.raises(ConfigError) as error:
        summary(tmp_path)
    expected = "scripts/none.js: it exports no function trigger, which 'none' calls; add export function trigger(e)"
    assert str(error.value) == f"{expected} {{ ... }}"


def keys(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields).union(*(keys(part) for part in parts(model).values()))


PAGE = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text("utf-8")


def test_the_scenario_on_the_page_has_no_mistakes(tmp_path: Path) -> None:
    shown = PAGE.partition("```toml\n")[2].partition("```")[0]
    assert load(write(tmp_path, shown)).scenario.events[0].name == "drink something"


def test_every_key_is_documented() -> None:
    assert [key for key in sorted(keys(Scenario)) if f"`{key}`" not in PAGE] == []


@pytest.mark.parametrize(
    ("others", "warning"),
    [
        ("", "'again' never happens: it counts from the flag 'met', which only it sets"),
        ('[[events]]\nname = "first"\neffect.set_flags = ["met"]', ""),
        ('[[events]]\nname = "first"\neffect.set_flags = ["met.often"]', ""),
    ],
)
def test_an_event_that_counts_from_what_only_it_sets_is_doubted(tmp_path: Path, others: str, warning: str) -> None:
    again = '[[events]]\nname = "again"\nmessages = { min = 2, since = "met" }\neffect.set_flags = ["met"]'
    write(tmp_path, f"{LEAST}{again}\n{others}")

    shown = summary(tmp_path)

    assert "no mistakes" in shown
    assert (f"warning: {warning}" in shown) if warning else ("warning" not in shown)


@pytest.mark.parametrize(
    ("since", "begins_with"),
    [
        ("drank", "drank"),
        ("mood", "mood.happy"),
        ("stream.live", ""),
        ("stream.offline", ""),
        ("stream", ""),
        ("raid.active", ""),
    ],
)
def test_an_event_may_count_from_what_the_scenario_begins_with_or_the_relay_sets(
    tmp_path: Path, since: str, begins_with: str
) -> None:
    flags = f'flags = ["{begins_with}"]\n' if begins_with else ""
    later = f'[[events]]\nname = "later"\ntime = {{ min = 60, since = "{since}" }}'
    write(tmp_path, f"{flags}{LEAST}{later}")

    assert "warning" not in summary(tmp_path)
