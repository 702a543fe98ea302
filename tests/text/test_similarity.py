import random

from relay.moderation.repeats import MAX_DISTANCE, Repeats
from relay.text.similarity import MAX_WORDS, exact, simhash

WORDS = tuple(f"word{number}" for number in range(2000))


def distance(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return (simhash(one) ^ simhash(other)).bit_count()


def test_equal_words_have_equal_hashes_and_others_are_far_apart() -> None:
    lots = random.Random(1)
    texts = [tuple(lots.choices(WORDS, k=20)) for _ in range(50)]

    assert all(distance(text, text) == 0 for text in texts)
    assert min(distance(one, other) for one in texts for other in texts if one != other) > MAX_DISTANCE
    assert exact("a") != exact("b")


def test_a_long_text_with_one_other_word_stays_near() -> None:
    lots = random.Random(1)
    near = 0
    for _ in range(100):
        text = lots.choices(WORDS, k=30)
        changed = [*text[:15], "other", *text[16:]]
        near += distance(tuple(text), tuple(changed)) <= MAX_DISTANCE

    assert near > 90


def test_no_text_is_too_long_or_too_short_for_the_counters() -> None:
    assert simhash(()) == 0
    assert simhash(("lol",) * 5000) == simhash(("lol",) * MAX_WORDS)
    assert 0 <= simhash(WORDS) < 2**64


def test_a_message_that_is_judged_again_is_not_its_own_repetition() -> None:
    repeats = Repeats(within=60, paste_viewers=3)

    assert not repeats.is_repeated("ann", "t:1", 7, 0.0)
    assert repeats.is_repeated("ann", "t:2", 7, 1.0)
    assert not repeats.is_repeated("ann", "t:1", 7, 2.0)
    assert repeats.is_repeated("ann", "t:2", 7, 3.0)
    assert not repeats.is_repeated("bob", "t:3", 7, 3.0)


def test_a_paste_is_known_with_a_word_changed() -> None:
    repeats = Repeats(within=60, paste_viewers=2)
    text = WORDS[:40]
    versions = [text, (*text[:20], "other", *text[21:]), (*text[:39], "last")]

    pasted = [repeats.is_paste(f"v{n}", exact(" ".join(v)), simhash(v), float(n)) for n, v in enumerate(versions)]

    assert pasted == [False, False, True]
    assert not repeats.is_paste("v9", exact("x"), simhash(WORDS[100:140]), 4.0)
