import pytest

from relay.moderation.wording import QUOTE_LIMIT, quoted


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
