import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from relay.config import FiltersSection, RuleSection
from relay.model import SendAs
from relay.moderation.inbound import Inbound
from relay.moderation.switches import Switches
from relay.text.blocked_terms import Terms, check_term
from relay.text.patterns import compiled, found, size
from tests.contracts.samples import message
from tests.support import cpu_time

EXPLOSIVE = [
    "(?:a{3000}){3000}",
    "a{99999999}",
    "((a{300}){300}){300}",
    "(?x)(?:a{30 # \n 00}){3000}",
    "(?:a{3000}[)]){3000}",
    "(?x)#[\n(?:a{3000}){3000}#]",
    "(?:a{3000,}?){3000,}",
]


@pytest.mark.parametrize("expression", EXPLOSIVE)
def test_an_expression_that_would_explode_when_compiled_is_refused_unseen(expression: str) -> None:
    with pytest.raises(ValueError, match="repeats too much; make it simpler"):
        check_term(f"/{expression}/")
    with pytest.raises(ValueError, match="repeats too much; make it simpler"):
        RuleSection(send_as=SendAs.USER, template="{text}", pattern=expression)


def test_what_a_moderator_had_blocked_before_it_was_refused_is_left_out_at_the_start() -> None:
    inbound = Inbound(FiltersSection())
    kept = Switches(blocked_terms=("/(?:a{3000}){3000}/", "badword"))

    assert inbound.judge(message(text="aaa"), kept, 0.0).verdict is None
    assert inbound.judge(message(text="badword"), kept, 0.0).verdict is not None


@pytest.mark.parametrize(
    "expression",
    [
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        r"(?:\+\d{1,3})?[ -]?\(?\d{3}\)?[ -]?\d{3}[ -]?\d{4}",
        r"([\w.]{1,64})@([\w-]{1,63}\.){1,8}[a-z]{2,24}",
        r"\b(free|cheap)\s+(viewers?|followers?)\b.{0,40}",
    ],
)
def test_what_people_really_write_is_taken(expression: str) -> None:
    assert compiled(expression, longest=200)


@given(
    st.recursive(
        st.sampled_from(["a", "[ab]", r"\d", "."]),
        lambda part: st.builds("(?:{}{}){{{}}}".format, part, part, st.integers(1, 9)),
        max_leaves=6,
    )
)
def test_the_size_of_an_expression_is_never_less_than_what_the_engine_writes_out(expression: str) -> None:
    def written_out(text: str) -> str:
        while (inner := regex.search(r"\(\?:([^()]*)\)\{(\d)\}", text)) is not None:
            text = text[: inner.start()] + inner[1] * int(inner[2]) + text[inner.end() :]
        return text

    atoms = len(regex.findall(r"\\d|\[ab\]|.", written_out(expression)))
    assert atoms <= size(expression)


def test_many_patterns_together_have_the_time_of_one() -> None:
    terms = Terms([f"/(a|aa)+{number}$/" for number in range(50)])
    one = Terms(["/(a|aa)+0$/"])

    assert cpu_time(lambda: terms.spans("a" * 5_000 + "b")) < 10 * cpu_time(lambda: one.spans("a" * 5_000 + "b"))
    assert terms.spans("a" * 5_000 + "b") == [(0, 5_001)]


def test_a_search_that_finds_no_end_is_given_up() -> None:
    with pytest.raises(TimeoutError):
        found(regex.compile("(a|aa)+$"), "a" * 60 + "b")
