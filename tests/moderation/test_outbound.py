import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.moderation.outbound import fit_to_post


@pytest.mark.parametrize(
    ("said", "posted"),
    [
        ("Hello Ann.", "Hello Ann."),
        ("/ban ann", "ban ann"),
        (". /timeout ann", "timeout ann"),
        ("!followage", "followage"),
        ("...well, maybe", "…well, maybe"),
        ("hi @everyone", "hi @\u200beveryone"),
        ("a\x00b\nc", "ab\nc"),
        ("///", ""),
    ],
)
def test_what_is_posted_is_no_command_and_pings_nobody(said: str, posted: str) -> None:
    assert fit_to_post(said) == posted


@given(st.text(alphabet=st.sampled_from("/.! \n\\ab@everyone\u2215"), max_size=20))
def test_no_post_begins_like_a_command(said: str) -> None:
    assert not fit_to_post(said).startswith(("/", ".", "!"))
