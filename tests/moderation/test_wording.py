import pytest

from relay.moderation.wording import ANSWER_LIMIT, QUOTE_LIMIT, for_chat, quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hi\nthere", "'hi there'"),
        ("x" * QUOTE_LIMIT, f"'{'x' * QUOTE_LIMIT}'"),
        ("x" * (QUOTE_LIMIT + 1), f"'{'x' * (QUOTE_LIMIT - 1)}…'"),
    ],
)
def test_what_somebody_wrote_is_quoted_in_one_line_and_cut_off_where_it_is_long(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_an_answer_is_cut_off_where_no_chat_would_show_more() -> None:
    whole, longer = "x" * ANSWER_LIMIT, "x" * (ANSWER_LIMIT + 1)

    assert (for_chat(whole), for_chat(longer)) == (whole, f"{longer[: ANSWER_LIMIT - 1]}…")
