"""A value that is changed in the file leaves the rest of it as it was."""

import tomllib
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.application.settings.editing import comments, edited, excerpt, table_of
from relay.application.settings.explanations import example_file
from relay.errors import ConfigError
from tests.support import examples

EXAMPLE = example_file().read_text("utf-8")

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
VALUES = st.one_of(SCALARS, st.lists(TEXTS, max_size=4), st.dictionaries(TEXTS, SCALARS, min_size=1, max_size=3))

FILES = [
    EXAMPLE,
    "",
    "# only a remark",
    "web.port = 1 # dotted\n",
    "web = { port = 1, host = 'a' } # on one line\n[obs]\nurl = 'x'\n",
    "[web] # the web\nport = 1 # a port\n# token = 'x'\n\n# about obs\n[obs]\ninputs = [ # which\n  'a', # one\n]\n",
    "[obs]\r\nurl = 'x' # where\r\n\r\n# last words",
    "[web]\n\n\n[obs]\n[[rewards]] # a reward\nreward = 'x'\n# about the web's port\n",
]
KEYS = ["web.port", "web.token", "obs.url", "budget.rates", "relay.name", "twitch.channels"]
CHANGES = st.one_of(
    st.tuples(st.sampled_from(KEYS), VALUES), st.tuples(st.just("obs.inputs"), st.lists(SCALARS, max_size=3))
)


def _put(data: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    section, _, name = key.partition(".")
    data.setdefault(section, {})[name] = value
    return data


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from(FILES), CHANGES)
def test_any_value_that_is_written_keeps_all_comments_and_every_other_value(text: str, change: tuple[str, Any]) -> None:
    key, value = change
    changed = edited(text, {key: value})

    assert tomllib.loads(changed) == _put(tomllib.loads(text), key, value)
    assert comments(changed) == comments(text)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([text for text in FILES if not text.startswith("web")]), st.sampled_from(KEYS), SCALARS)
def test_what_is_set_and_taken_out_again_leaves_the_data_without_it(text: str, key: str, value: Any) -> None:
    section, _, name = key.partition(".")
    left = tomllib.loads(text)
    left.setdefault(section, {}).pop(name, None)

    changed = tomllib.loads(edited(edited(text, {key: value}), {key: None}))

    assert changed == left or changed | {section: {}} == left


def test_a_new_value_stands_behind_the_last_of_its_section() -> None:
    text = "[web]\nhost = 'a'\n# port = 1\n\n# about obs\n[obs]\n"

    assert edited(text, {"web.port": 2}) == "[web]\nhost = 'a'\n# port = 1\nport = 2\n\n# about obs\n[obs]\n"


def test_what_is_taken_out_leaves_its_remark_and_never_its_value() -> None:
    text = "[discord]\ntoken = 'hunter2' # of the bot\nchannels = [1]\n"

    assert edited(text, {"discord.token": None}) == "[discord]\n# token: of the bot\nchannels = [1]\n"


def test_a_list_on_several_lines_stays_one_and_keeps_its_remarks() -> None:
    changed = edited("[obs]\ninputs = [\n  'a', # first\n]\n", {"obs.inputs": ["b", "c"]})

    assert changed == '[obs]\ninputs = [\n    # first\n    "b",\n    "c",\n]\n'


def test_tables_are_changed_as_they_are_written_with_their_remarks() -> None:
    text = "[commands]\nprefix = '!'\n\n[[commands.own]] # mine\nname = 'lurk' # word\n\n[web]\nport = 1 # a port\n"
    shown = excerpt(text, "commands.own")
    assert shown == "[[commands.own]] # mine\nname = 'lurk' # word\n"

    both = shown + "\n[[commands.own]] # new\nname = 'hug'\n"
    changed = edited(text, {"commands.own": table_of(both, "commands.own")})

    assert tomllib.loads(changed)["commands"]["own"] == [{"name": "lurk"}, {"name": "hug"}]
    assert comments(changed) == comments(text + "# new")
    assert excerpt(edited(changed, {"commands.own": None}), "commands.own") == ""


@pytest.mark.parametrize("key", ["forwarding.kinds", "budget.rates", "forwarding.rules", "rewards"])
def test_tables_of_the_example_can_be_written_again(key: str) -> None:
    written = {
        "forwarding.kinds": "[forwarding.kinds.raid] # big\ntemplate = 'x'\n",
        "budget.rates": "[budget.rates]\nall = 1.0\n",
        "forwarding.rules": "[[forwarding.rules]]\nkinds = ['chat']\n",
        "rewards": "[[rewards]]\nreward = 'x' # mine\n",
    }[key]
    value = table_of(written, key)

    changed = edited(EXAMPLE, {key: value})

    expected = tomllib.loads(EXAMPLE)
    section, _, name = key.partition(".")
    (expected[section] if name else expected)[name or section] = value.unwrap()
    assert tomllib.loads(changed) == expected
    assert table_of(excerpt(changed, key), key).unwrap() == value.unwrap()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[rewards]\n", "rewards: not valid TOML"),
        ("[web]\nport = 1\n", "rewards: only rewards can be written here, and web is something else"),
    ],
)
def test_tables_with_something_else_in_them_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match="^" + complaint.replace("[", r"\[")):
        table_of(text, "rewards")


def test_nothing_left_of_tables_means_none() -> None:
    assert table_of("# all gone\n", "commands.own") is None


def test_what_cannot_be_changed_without_harm_is_left_to_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tomlkit, "dumps", lambda _: "[web]\nport = 2\n")

    with pytest.raises(ConfigError, match=r"^web\.port: .* change it there"):
        edited("[web]\nport = 1\n[obs]\n", {"web.port": 2})
