import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config import OutboundSection
from relay.model import ReplyText
from relay.moderation.outbound import Outbound
from relay.replies.screening import Screening

CODE = """Sure, Ann. Here:

- first
    - second

```python
def f(x):
    return x.real  # Yes. No?

```
Done."""


def released(text: str, **settings: object) -> list[str]:
    """What is let through of an answer."""
    found: list[ReplyText] = []
    screening = Screening(Outbound(OutboundSection.model_validate(settings)), found.append, hold_for=60.0)
    screening.take(ReplyText(message_id="m", character="Vox", text=text))
    return [reply.text for reply in found]


def test_an_answer_keeps_its_white_space() -> None:
    assert released(CODE) == [CODE]


@given(st.text(st.sampled_from("aB .!\n\t`-")))
def test_nothing_is_lost_of_what_passes(text: str) -> None:
    assert "".join(released(text, links="pass")) == text.strip()


def test_a_mask_changes_its_line_alone() -> None:
    masked = released(CODE.replace("x.real", "evil.com "), blocked_terms=["second"], blocked_terms_are="mask")

    assert masked == [CODE.replace("x.real ", "(link)").replace("second", "***")]


def test_what_is_dropped_goes_with_its_white_space() -> None:
    assert released("One. badword! Two.\n\nbadword\nThree.", blocked_terms=["badword"], blocked_terms_are="drop") == [
        "One. Two.\n\nThree."
    ]
    assert released("badword. Badword!", blocked_terms=["badword"], blocked_terms_are="drop") == []


@pytest.mark.parametrize(
    "text",
    [
        "go and kill\nyourself",
        "kill\n\nyourself",
        "evil\n.\ncom",
        "k\ni\nl\nl\ny\no\nu\nr\ns\ne\nl\nf",
    ],
)
def test_what_is_spread_over_lines_is_found(text: str) -> None:
    assert released(text, blocked_terms=["kill yourself"], blocked_terms_are="hold", links="hold") == []
