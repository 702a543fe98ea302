import time
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config import FiltersSection
from relay.model import AudienceMessage, Author, Kind, Outcome, Quoted, Reward, Role
from relay.moderation.features import features_of
from relay.moderation.inbound import Inbound, Verdict
from relay.moderation.roles import rank
from relay.moderation.switches import Switches

NOTHING_SET = Switches()


def message(text: str = "hello there", *, author: str = "Ann", kind: Kind = Kind.CHAT, **over: Any) -> AudienceMessage:
    roles = over.pop("roles", frozenset({Role.VIEWER}))
    who = Author(id=author.casefold(), name=author, roles=roles)
    fields = {
        "platform": "twitch",
        "id": uuid.uuid4().hex,
        "channel": "c",
        "kind": kind,
        "author": who,
        "text": text,
        "at": 0.0,
    }
    return AudienceMessage.model_validate(fields | over)


def verdict(said: AudienceMessage, switches: Switches = NOTHING_SET, **settings: Any) -> tuple[str, str] | None:
    found = Inbound(FiltersSection.model_validate(settings)).judge(said, switches, 0.0).verdict
    return None if found is None else (found.outcome.value, found.reason)


@pytest.mark.parametrize(
    "text",
    [
        "hello there", "what is your favourite game?", "LUL LUL LUL", "GG", "I love Scunthorpe", "OMG",
        "see twitch.tv/ann", "3.14159 is pi", "that was 100% worth it", "привет всем", "こんにちは", "👩‍🚀 nice",
        "a.k.a. the boss", "e.g. this one",
        "we won 12345678 to 3", "https://www.youtube.com/watch?v=abc",
    ],
)  # fmt: skip
def test_what_people_ordinarily_write_passes_the_defaults(text: str) -> None:
    assert verdict(message(text), blocked_terms=["cunt", "ass"]) is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (message(author="Nightbot"), "bot"),
        (message(author="Stream\u200bElements"), "bot"),
        (message(roles=frozenset({Role.BOT})), "bot"),
        (message("!followage"), "a command for a bot"),
        (message("x" * 501), "too long"),
        (
            message("a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030d"),
            "hidden characters",
        ),
        (message("hi" + "\u200b" * 20), "hidden characters"),
        (message("WHY IS EVERYBODY SHOUTING AT ME TODAY"), "caps"),
        (message("spam and spam and spam and spam and spam and spam"), "repetition"),
        (message("look at evil.example/x"), "link"),
        (message("look at HTTPS://EVIL.COM"), "link"),
        (message("go to evil dot com"), "link"),
        (message("go to nottwitch.tv"), "link"),
    ],
)
def test_noise_is_rejected_with_its_reason(said: AudienceMessage, reason: str) -> None:
    assert verdict(said) == ("rejected", reason)


@pytest.mark.parametrize(
    "disguised",
    [
        "badword", "BADWORD", "you b a d w o r d", "b.a.d.w.o.r.d", "b-a-d-w-o-r-d!", "baaadwooord", "bаdwоrd",
        "ｂａｄｗｏｒｄ",
        "b\u200bad\u200bword", "b4dw0rd", "b@dword", "bádwörd", "𝐛𝐚𝐝𝐰𝐨𝐫𝐝",
    ],
)  # fmt: skip
def test_a_blocked_word_is_found_in_disguise(disguised: str) -> None:
    assert verdict(message(disguised), blocked_terms=["badword"]) == ("rejected", "blocked term")


@pytest.mark.parametrize("innocent", ["badwords club", "notbadword", "bad word games", "baud word", "b a d"])
def test_a_blocked_word_inside_another_is_not_the_word(innocent: str) -> None:
    assert verdict(message(innocent), blocked_terms=["badword"]) is None


def test_phrases_and_patterns_are_found_and_names_are_looked_at_too() -> None:
    terms = ["buy followers", r"/\bcrypto\w*\b/"]

    assert verdict(message("Buy   FOLLOWERS now"), blocked_terms=terms)
    assert verdict(message("my cryptocoin"), blocked_terms=terms)
    assert verdict(message("hi", author="buy followers"), blocked_terms=terms)
    assert verdict(message("follow the buyers"), blocked_terms=terms) is None


def test_a_pattern_that_takes_too_long_counts_as_a_hit_and_does_not_hold_up_the_room() -> None:
    began = time.thread_time()

    found = verdict(message("a" * 60 + "b c"), blocked_terms=["/(a|aa)+$/"], max_repeats=99)

    assert found == ("rejected", "blocked term")
    assert time.thread_time() - began < 1.0


def test_emotes_are_no_words() -> None:
    emotes = ("KEKW", "OMEGALUL")
    wall = " ".join(["KEKW OMEGALUL"] * 8)

    assert verdict(message(wall)) is not None
    assert verdict(message(wall, emotes=emotes)) is None
    assert verdict(message(f"{wall} STOP THAT RIGHT NOW PLEASE", emotes=emotes)) == ("rejected", "caps")
    assert verdict(message(wall, emotes=emotes), emote_only=True) == ("rejected", "emotes only")
    assert verdict(message(wall, emotes=emotes), blocked_terms=["kekw"]) == ("rejected", "blocked term")


@pytest.mark.parametrize("name", ["Badword", "Eve"])
def test_who_could_not_be_heard_is_not_named_by_others_either(name: str) -> None:
    inbound = Inbound(FiltersSection(blocked_terms=("badword",)))
    other = Author(id="9", name=name)
    gift = message(kind=Kind.GIFT, other=other, replies_to=Quoted.of(Author(id="8", name="Ben"), "hi"))

    told = inbound.of_others(gift, Switches(muted=frozenset({"eve"})))

    assert told.other is None
    assert told.replies_to == gift.replies_to
    assert inbound.of_others(gift.model_copy(update={"other": Author(id="7", name="Zoe")}), NOTHING_SET).other


def test_an_announcement_is_judged_as_chat_is() -> None:
    assert verdict(message(kind=Kind.ANNOUNCEMENT, author="Nightbot")) == ("rejected", "bot")
    assert verdict(message("see evil.com", kind=Kind.ANNOUNCEMENT)) == ("rejected", "link")
    assert verdict(message("see evil.com", kind=Kind.RAID)) is None, "it is told without its words"


def test_hits_can_be_held_for_a_moderator_instead() -> None:
    assert verdict(message("badword"), blocked_terms=["badword"], blocked_terms_are="hold") == ("held", "blocked term")
    assert verdict(message("see evil.com"), links="hold") == ("held", "link")
    assert verdict(message(), first_message="hold") == ("held", "first message")


def test_only_a_first_message_is_held_as_one() -> None:
    inbound = Inbound(FiltersSection(first_message="hold"))

    first = inbound.judge(message("hello everybody"), NOTHING_SET, 0.0)
    second = inbound.judge(message("and something else"), NOTHING_SET, 1.0)

    assert first.verdict is not None
    assert second.verdict is None


def test_links_can_be_masked_and_personal_data_is() -> None:
    inbound = Inbound(FiltersSection(links="mask"))

    judged = inbound.judge(
        message("mail ann@mail.com or +49 170 1234567, 4111 1111 1111 1111, see evil.com/x, 10.0.0.1"), NOTHING_SET, 0
    )

    assert judged.verdict is None
    assert judged.text == "mail *** or ***, ***, see (link), ***"


def test_a_viewer_who_repeats_themselves_is_rejected_for_a_while() -> None:
    inbound = Inbound(FiltersSection(repeat_within=30))
    times = [0.0, 5.0, 40.0]
    texts = ["nice play streamer", "nice play streamer\U000e0000", "Nice play, streamer!"]

    reasons = [inbound.judge(message(text), NOTHING_SET, at).verdict for text, at in zip(texts, times, strict=True)]

    assert [reason and reason.reason for reason in reasons] == [None, "repeated", None]


def test_a_long_text_that_is_passed_around_is_copy_pasta() -> None:
    inbound = Inbound(FiltersSection(paste_length=40, paste_viewers=2))
    pasta = "I am a very long text that everybody copies from everybody else in this chat"

    reasons = [inbound.judge(message(pasta, author=f"v{n}"), NOTHING_SET, float(n)).verdict for n in range(4)]

    assert [reason and reason.reason for reason in reasons] == [None, None, "copy-pasta", "copy-pasta"]


@pytest.mark.parametrize(
    ("switches", "said", "reason"),
    [
        (Switches(muted=frozenset({"ann"})), message(), "muted by a moderator"),
        (Switches(muted=frozenset({"twitch:ann"})), message(kind=Kind.RAID), "muted by a moderator"),
        (Switches(muted=frozenset({"ann"})), message(roles=frozenset({Role.MODERATOR})), "muted by a moderator"),
        (Switches(blocked_terms=("hello",)), message(), "blocked term"),
    ],
)
def test_what_moderators_set_counts_at_once(switches: Switches, said: AudienceMessage, reason: str) -> None:
    assert verdict(said, switches) == ("rejected", reason)
    assert verdict(said) is None


def test_a_kind_can_be_kept_for_a_role() -> None:
    least = {"redemption": "subscriber"}

    assert verdict(message(kind=Kind.REDEMPTION), least_role=least) == ("rejected", "only from subscriber up")
    assert verdict(message(kind=Kind.REDEMPTION, roles=frozenset({Role.VIP})), least_role=least) is None


def test_a_reward_that_does_what_a_command_does_is_a_redemption_still() -> None:
    asked = message(kind=Kind.ASK, reward=Reward(id="r1", title="Ask"))

    assert verdict(asked, least_role={"redemption": "subscriber"}) == ("rejected", "only from subscriber up")
    assert verdict(asked, least_role={"ask": "vip"}) == ("rejected", "only from vip up")
    assert verdict(message(kind=Kind.ASK), least_role={"redemption": "subscriber"}) is None


def test_writing_systems_can_be_limited() -> None:
    assert verdict(message("привет всем"), scripts=["latin"]) == ("rejected", "language")
    assert verdict(message("größer als 3 👍"), scripts=["latin"]) is None


def test_moderators_and_the_streamer_are_exempt_from_what_viewers_write() -> None:
    for role in (Role.MODERATOR, Role.STREAMER):
        assert verdict(message("SEE EVIL.COM EVERYBODY NOW", roles=frozenset({role}))) is None


def test_every_filter_can_be_switched_off() -> None:
    assert verdict(message("!SEE EVIL.COM " * 60), enabled=False) is None


HOSTILE = st.text(max_size=400) | st.sampled_from(
    [
        "\ud800" * 50,
        "a" * 100_000,
        "{{" * 900,
        "\u202e" * 500,
        "[" * 2000,
        "1" * 2000,
        "@" * 1000,
        "a." * 900,
        "\x00" * 99,
    ]
)


@given(HOSTILE, HOSTILE)
def test_no_text_breaks_the_chain_and_no_hit_is_an_outcome_of_another_kind(text: str, name: str) -> None:
    inbound = Inbound(FiltersSection(links="mask", blocked_terms=("badword", "/x+y/"), max_length=2000))

    judged = inbound.judge(message(text, author=name or "x"), NOTHING_SET, 0.0)

    assert judged.verdict is None or judged.verdict.outcome in (Outcome.REJECTED, Outcome.HELD)


@given(st.text(min_size=1, max_size=200))
def test_invisible_suffixes_do_not_make_a_text_another_one(text: str) -> None:
    plain = features_of(text)

    assert features_of(text + "\U000e0000\u034f\u200b ").digest == plain.digest


@pytest.mark.parametrize("text", ["see evil.com", "badword!", "WHY IS EVERYBODY SHOUTING AT ME TODAY"])
def test_an_event_is_told_without_a_text_that_is_refused(text: str) -> None:
    inbound = Inbound(FiltersSection(blocked_terms=("badword",)))

    judged = inbound.judge(message(text, kind=Kind.CHEER, amount=100), NOTHING_SET, 0.0)

    assert judged.verdict is None
    assert judged.text == ""
    assert judged.reading == features_of("")


def test_a_text_of_an_event_can_be_held() -> None:
    assert verdict(message("see evil.com", kind=Kind.CHEER), links="hold") == ("held", "link")


def test_a_name_is_looked_at_even_where_nothing_is_written() -> None:
    raid = message("", author="b4dw0rd", kind=Kind.RAID, amount=5)

    assert verdict(raid, blocked_terms=["badword"]) == ("rejected", "blocked term")


def test_hidden_characters_do_not_save_what_is_masked() -> None:
    judged = Inbound(FiltersSection()).judge(message("ann@ma\u200bil.com, 4111\u200b1111 1111 1111"), NOTHING_SET, 0.0)

    assert judged.text == "***, ***"


def test_what_needs_no_mask_is_told_as_written() -> None:
    said = "“hello”\u3000 there \u200b!"

    assert Inbound(FiltersSection()).judge(message(said), NOTHING_SET, 0.0).text == said


def test_a_held_message_is_masked_too_for_when_it_is_let_through() -> None:
    inbound = Inbound(FiltersSection(links="hold"))

    judged = inbound.judge(message("evil.com or ann@mail.com"), NOTHING_SET, 0.0)

    assert judged.verdict == Verdict(Outcome.HELD, "link")
    assert judged.text == "evil.com or ***"


def test_a_message_that_is_judged_again_is_not_rejected_for_repeating_itself() -> None:
    inbound = Inbound(FiltersSection())
    said = message("is anybody here?")

    assert [inbound.judge(said, NOTHING_SET, at).verdict for at in (0.0, 1.0)] == [None, None]


def test_a_term_of_the_moderators_that_cannot_be_read_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    inbound = Inbound(FiltersSection())
    live = Switches(blocked_terms=("/(/", "badword"))

    verdicts = [inbound.judge(message(text), live, 0.0).verdict for text in ("hello", "badword", "hello you")]

    assert [found and found.reason for found in verdicts] == [None, "blocked term", None]
    assert len(caplog.records) == 1


def test_a_filter_that_fails_holds_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a bug in a filter")

    monkeypatch.setattr("relay.moderation.inbound.links", fail)

    assert verdict(message("see evil.com")) == ("held", "a filter failed")


@pytest.mark.parametrize(
    "text",
    ["a" * 100_000, "a " * 1000, "a." * 1000, "\ud800" * 2000, "\u0336" * 2000, "@" * 2000, "1 " * 1000, "{{[[" * 500,
     "\u202e\u200d" * 1000, "😀\u200d" * 1000, "A" * 2000, "\ufdfa" * 2000, "x+" * 1000, "!a " * 600],
)  # fmt: skip
def test_no_flood_takes_long(text: str) -> None:
    terms = ("badword", "a a a", "aaaa*", "/x+y/", "あ")
    inbound = Inbound(FiltersSection(blocked_terms=terms, max_length=2000, max_repeats=9999, links="mask"))
    began = time.thread_time()

    inbound.judge(message(text, author=text[:500]), NOTHING_SET, 0.0)

    assert time.thread_time() - began < 0.3


def readable(inbound: Inbound, *said: AudienceMessage) -> list[str | None]:
    return [inbound.readable(each, NOTHING_SET) for each in said]


def test_what_is_shown_at_once_is_masked_or_kept_back_and_never_counted_as_repeated() -> None:
    inbound = Inbound(FiltersSection(blocked_terms=["badword"], links="mask"))

    shown = readable(inbound, message("see evil.com"), message("see evil.com"), message("a badword"))

    assert shown == ["see (link)", "see (link)", None]


def test_what_moderators_say_is_shown_without_what_viewers_are_judged_by() -> None:
    inbound = Inbound(FiltersSection(links="reject"))
    said = "see evil.com"

    assert readable(inbound, message(said, roles=frozenset({Role.MODERATOR})), message(said)) == [said, None]


def test_where_nothing_is_filtered_all_is_shown_as_it_is() -> None:
    inbound = Inbound(FiltersSection(enabled=False, blocked_terms=["badword"]))
    said = message("a badword", replies_to=Quoted(author=None, text="badword"), other=Author(id="b", name="badword"))

    assert readable(inbound, said) == ["a badword"]
    assert inbound.of_others(said, NOTHING_SET) is said
    assert inbound.refuses(said, NOTHING_SET) is None


def test_a_filter_that_fails_shows_nothing_and_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.moderation.inbound.links", lambda *_: 1 / 0)
    inbound = Inbound(FiltersSection())
    said = message(
        "see evil.com", replies_to=Quoted(author=None, text="see evil.com"), other=Author(id="b", name="bob")
    )

    assert readable(inbound, said) == [None]
    left = inbound.of_others(said, NOTHING_SET)
    assert (left.replies_to, left.other) == (None, None)


@pytest.mark.parametrize(
    ("author", "text", "left"),
    [
        (None, "call ann@mail.com", "call ***"),
        (None, "a badword", None),
        (Author(id="b", name="bob"), "hello", "hello"),
        (Author(id="b", name="badword"), "hello", None),
    ],
)
def test_what_is_replied_to_is_named_where_it_could_be_heard(
    author: Author | None, text: str, left: str | None
) -> None:
    inbound = Inbound(FiltersSection(blocked_terms=["badword"]))

    said = inbound.of_others(message("yes", replies_to=Quoted(author=author, text=text)), NOTHING_SET)

    assert (said.replies_to and said.replies_to.text) == left


@pytest.mark.parametrize(
    ("text", "reason"),
    [("hello", None), ("", None), ("a badword", "blocked term"), ("see evil.com", None), ("x" * 501, "too long")],
)
def test_not_even_a_moderator_may_put_what_is_rejected_into_somebodys_mouth(text: str, reason: str | None) -> None:
    inbound = Inbound(FiltersSection(blocked_terms=["badword"], links="hold"))

    assert inbound.refuses(message(text, roles=frozenset({Role.MODERATOR})), NOTHING_SET) == reason


@pytest.mark.parametrize(("links", "found"), [("hold", ["badword", "evil.com"]), ("mask", ["badword"])])
def test_a_moderator_is_shown_what_a_message_is_held_for(links: str, found: list[str]) -> None:
    inbound = Inbound(FiltersSection.model_validate({"blocked_terms": ["badword"], "links": links}))
    said = message("a\nbadword at evil.com or youtube.com")

    assert [said.text[start:end] for start, end in inbound.offending(said, NOTHING_SET)] == found


def test_a_text_of_nobody_is_like_nothing_that_is_said() -> None:
    said = features_of("lol lol")

    assert said.is_noise
    assert not said.apart().is_noise
    assert said.apart().digest != said.digest
    assert (said.apart().simhash ^ said.simhash).bit_count() == 64


def test_of_too_many_viewers_the_one_who_came_first_is_new_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.moderation.inbound.MAX_KNOWN", 2)
    inbound = Inbound(FiltersSection(first_message="hold"))

    verdicts = [inbound.judge(message(f"hello from {number}", author=who), NOTHING_SET, 0.0).verdict
                for number, who in enumerate(["ann", "bob", "ann", "cat", "bob", "ann"])]  # fmt: skip

    assert [found is not None for found in verdicts] == [True, True, False, True, False, True]


def test_what_bots_answer_to_is_looked_for_in_chat_alone_and_only_where_that_is_wanted() -> None:
    assert verdict(message("!followage"), bot_commands=True) == ("rejected", "a command for a bot")
    assert verdict(message("!followage"), bot_commands=False) is None
    assert verdict(message("!followage", kind=Kind.CHEER), bot_commands=True) is None


def test_what_many_say_is_copy_pasta_only_when_it_is_long() -> None:
    inbound = Inbound(FiltersSection(paste_length=20, paste_viewers=1))

    def said(text: str) -> list[bool]:
        return [
            inbound.judge(message(text, author=who), NOTHING_SET, 0.0).verdict is not None for who in ("ann", "bob")
        ]

    assert said("nineteen characters") == [False, False]
    assert said("twenty characters it") == [False, True]
    assert said("more than twenty characters") == [False, True]


@pytest.mark.parametrize(
    ("text", "is_question"),
    [("which of these would you open", True), ("these doors are open now", False), ("these are open now?", True)],
)
def test_a_question_has_its_mark_or_begins_as_one(text: str, is_question: bool) -> None:
    assert features_of(text).is_question is is_question


def test_who_has_no_role_ranks_as_a_viewer_does() -> None:
    assert rank(()) == rank({Role.BOT}) == rank({Role.VIEWER}) < rank({Role.SUBSCRIBER}) < rank({Role.VIEWER, Role.VIP})
