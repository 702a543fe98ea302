import pytest

from relay.config import OutboundSection
from relay.moderation.outbound import Outbound
from relay.replies.replies import Replies
from relay.replies.reply import Sentence
from relay.replies.screening import Screening
from relay.wire.server import ReplyChunk


class Reader:
    """Makes sentences of chunks as the relay does."""

    def __init__(self, **settings: object) -> None:
        self._replies = Replies()
        outbound = Outbound(OutboundSection.model_validate(settings))
        self._screening = Screening(outbound, lambda _: None, hold_for=60.0)

    def read(self, chunk: ReplyChunk) -> Sentence:
        step = self._replies.apply(chunk)
        assert step is not None
        return self._screening.sentence(chunk, step)


def chunk(text: str, start: int) -> ReplyChunk:
    return ReplyChunk(message_id="r1", start_index=start, end_index=start + len(text), text=text, audio_url=f"/{start}")


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk("One.", 0), chunk(" Two.", 4), chunk(" Three.", 9)],
        [chunk("One.", 0), chunk("Two.", 5), chunk("Three.", 10)],
        [chunk("One.", 0), chunk("One. Two.", 0), chunk("One. Two. Three.", 0)],
    ],
    ids=["with spaces", "without spaces", "cumulative"],
)
def test_each_chunk_becomes_the_part_of_the_text_it_adds(chunks: list[ReplyChunk]) -> None:
    reader = Reader()

    sentences = [reader.read(each) for each in chunks]

    assert "".join(sentence.text for sentence in sentences) == "One. Two. Three."
    assert [sentence.url for sentence in sentences] == [each.audio_url for each in chunks]


def test_a_pause_has_no_sound_to_fetch_and_a_gap_is_in_seconds() -> None:
    pause = ReplyChunk(message_id="r1", start_index=0, end_index=1, text="…", audio_url="silence:680", audio_gap_ms=250)

    sentence = Reader().read(pause)

    assert (sentence.url, sentence.gap) == ("", 0.25)


@pytest.mark.parametrize("action", ["mask", "hold", "drop"])
def test_a_sentence_the_filters_object_to_is_not_spoken_whatever_they_do_to_the_text(action: str) -> None:
    reader = Reader(blocked_terms=["secret sauce"], blocked_terms_are=action)

    sentences = [
        reader.read(chunk("Fine.", 0)),
        reader.read(chunk(" The secret", 5)),
        reader.read(chunk(" sauce!", 16)),
    ]

    assert [bool(sentence.url) for sentence in sentences] == [True, True, False], "also when it is split in two"
