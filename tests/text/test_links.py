import pytest

from relay.text.links import MAX_LINKS, MAX_NAMES, links
from relay.text.masking import masked
from relay.text.unicode import one_line

ALLOWED = ("twitch.tv", "YouTube.com", "youtu.be")


def shown(text: str) -> str:
    line = one_line(text)
    return masked(line, links(line, ALLOWED), "(link)")


@pytest.mark.parametrize(
    "text",
    [
        "evil.com", "EVIL.COM", "https://evil.photography", "www.evil.zone", "evil.anything/path", "1.2.3.4:25565",
        "hxxp://evil.com", "discord.gg/abc", "t.me/abc", "xn--80ak6aa92e.com", "youtube.com.evil.net", "nottwitch.tv",
        "evil\u200b.com", "evil。com", "ｅｖｉｌ．ｃｏｍ", "evil.сom", "yоutube.com",
        "evil.me", "evil.ai", "evil.to", "evil.zip", "EVIL.MOV", "пример.рф", "例え.みんな", "evil.in/path",
        "www.evil.in", "www.a.evil.in", "evil.anything?path", "evil.anything#path",
        "https://youtube.com\\@evil.com", "youtube.com\\@evil.com", "https://youtube.com?@evil.com",
        "https://youtube.com#@evil.com", "https:\\\\youtube.com\\@evil.com", "https://evil.com?youtube.com",
        "https://youtube.com@evil.com", "https://youtube.com:x@evil.com", "https://evil.com\\.youtube.com",
        "evil dot com", "evil(.)com", "evil [dot] info", "evil . com", "evil. com",
    ],
)  # fmt: skip
def test_a_link_is_found_however_it_is_written(text: str) -> None:
    assert shown(f"see {text} now") == "see (link) now"


@pytest.mark.parametrize(
    "said", ["get it on {}", "{}", "it is {}!", "go to {} now", "Join: {} today", "see ({}) for it"]
)
@pytest.mark.parametrize("link", ["evil.in", "evil.it", "evil.so", "Evil.Is", "EVIL.US", "free-skins.in", "a1.b2.at"])
def test_an_ending_that_is_a_word_makes_a_link_where_no_sentence_could_begin(said: str, link: str) -> None:
    assert shown(said.format(link)) == said.format("(link)")


@pytest.mark.parametrize("link", ["discord.me", "foo.ai", "bar.ca", "t.co", "evil.tv"])
def test_other_endings_make_a_link_anywhere(link: str) -> None:
    assert shown(f"I saw {link} there") == "I saw (link) there"


ORDINARY = [
    "I saw it.So what", "I saw it.so what", "that was close.is he ok", "no way.no",
    "we won.it was easy.in the end at least", "love this game.it is so good", "gg.as always",
    "brb.be right back", "sorry.my bad", "he left.us too, right", "what.how", "good morning.how are you",
    "stop it.now", "yes.do it", "ok.at 5 then", "I am here.am I late", "fun.so much fun", "join us.it is fun",
    "go to bed", "check it.so cool", "one.two.three", "v1.2 is out.new maps", "it was 5.in total 6",
    "nice one.you win", "Wait...so", "he said so.so be it", "what is it.is it a bird", "lol.love it",
    "That's it.Is it?", "run main.py, then read README.md", "self.name", "i.e. nothing",
    "at 5 p.m. it starts", "e.g.in the cave", "das war gut.so geht das", "ich bin da.am Montag auch",
    "Na ja.So ist es", "z.B. hier", "ok.in Ordnung", "kommst du.um 5 dann", "es ist 3.15 Uhr",
    "Ich mag das.Das ist toll", "ja.do geht's", "Nein.am Ende nicht", "me gusta.no lo sabia",
    "vale.as de oros", "hola.como estas", "bien.y tu", "son las 3.30", "no.no quiero", "si.my amor",
    "jaja.so bueno", "Claro.En serio", "estoy en casa.be careful, amigo",
]  # fmt: skip


@pytest.mark.parametrize("said", ORDINARY)
def test_a_missing_space_makes_no_link(said: str) -> None:
    assert shown(said) == said


@pytest.mark.parametrize(
    "text",
    [
        "https://www.youtube.com/watch?v=1", "twitch.tv/ann.", "clips.twitch.tv", "youtube dot com",
        "polka dot dress", "connect the dot here", "nice.I like it.is it good", "what a shop.Live now", "gg.In the end",
        "file.py and index.js", "e.g. this, i.e. that, at 5 a.m./p.m.", "3.14 and 1.5/2", "version 1.2.3.4",
        "https://youtube.com/@ann", "https://youtube.com/watch?v=1&user=a@b", "at 5.pm", "self.name = it.id",
        "run main.py", "at 5.12:30", "www.now",
        "so nice.lol", "ok.so what", "Дом.кино", "ann@evil.com",
        "wait...what", "ok...so", "well...it's", "...and..so.on", "a..b.c", "so...node.js is fun", "see .env.local",
        "the link...play.in the morning",
    ],
)  # fmt: skip
def test_what_is_allowed_or_no_link_stays(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize("said", ORDINARY)
def test_an_ellipsis_makes_no_link_of_what_is_none(said: str) -> None:
    for text in (f"...{said}", f"well...{said}"):
        assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("look...discord.gg/abc", "look...(link)"),
        ("look…evil.com", "look...(link)"),
        ("..evil.com/abc", "..(link)"),
        ("(.evil.com)", "(.(link))"),
        ("a..b..evil.com", "a..b..(link)"),
        ("look。。evil.com", "look。。(link)"),
        ("visit .evil.in now", "visit .(link) now"),
        ("visit:...evil.in now", "visit:...(link) now"),
    ],
)
def test_full_stops_before_a_link_hide_it_from_nobody(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_signs_around_a_link_are_not_part_of_it() -> None:
    assert shown("(see evil.com/a), evil.com,evil.net!") == "(see (link)), (link),(link)!"


def test_a_flood_of_what_may_be_links_is_one_in_the_end() -> None:
    words = "say it.It " * MAX_NAMES
    line = f"evil dot com {words}{words}"

    assert list(links(words)) == []
    assert masked(line, links(line), "(link)") == f"(link) {words}say (link)"


def test_a_flood_of_links_is_one_link_in_the_end() -> None:
    line = "evil.me " * 1_000

    assert len(list(links(line))) == MAX_LINKS + 1
    assert shown(line) == "(link) " * (MAX_LINKS) + "(link)"
