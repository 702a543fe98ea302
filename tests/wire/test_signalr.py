import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.wire.signalr import FrameError, Records, encode

frames = st.lists(
    st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=4).filter(bool), min_size=1, max_size=6
)


@given(frames, st.lists(st.integers(0, 400), max_size=8))
def test_frames_survive_any_split_and_join(sent: list[dict[str, object]], cuts: list[int]) -> None:
    text = "".join(encode(frame) for frame in sent)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    records = Records()

    received = [frame for start, end in itertools.pairwise(edges) for frame in records.feed(text[start:end])]

    assert received == sent


@pytest.mark.parametrize(
    "record",
    ["nonsense", "[1]", '"text"', "[" * 100_000, '{"a":NaN}', '{"a":1e999}', '{"a":' + "[" * 70 + "]" * 70 + "}"],
)
def test_a_record_that_is_no_object_is_an_error_and_the_next_one_is_read(record: str) -> None:
    records = Records()

    with pytest.raises(FrameError):
        list(records.feed(record + "\x1e" + json.dumps({"type": 6}) + "\x1e"))

    assert list(records.feed("")) == [{"type": 6}]


def test_a_record_without_an_end_is_bounded() -> None:
    records = Records()

    with pytest.raises(FrameError, match="longer"):
        list(records.feed("x" * (8 * 1024 * 1024 + 1)))


def test_half_a_surrogate_pair_is_replaced_so_that_the_text_can_be_sent_on() -> None:
    [frame] = Records().feed('{"a":"\\ud83d and \\ud83d\\ude00"}\x1e')

    assert frame == {"a": "? and 😀"}
    encode(frame).encode()
