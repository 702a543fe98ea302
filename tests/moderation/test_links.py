import pytest

from relay.moderation.links import MAX_LINKS, links
from relay.moderation.masking import masked
from relay.text import one_line

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
        "www.evil.in",
        "https://youtube.com\\@evil.com", "youtube.com\\@evil.com", "https://youtube.com?@evil.com",
        "https://youtube.com#@evil.com", "https:\\\\youtube.com\\@evil.com", "https://evil.com?youtube.com",
        "https://youtube.com@evil.com", "https://youtube.com:x@evil.com", "https://evil.com\\.youtube.com",
        "evil dot com", "evil(.)com", "evil [dot] info", "evil . com", "evil. com",
    ],
)  # fmt: skip
def test_a_link_is_found_however_it_is_written(text: str) -> None:
    assert shown(f"see {text} now") == "see (link) now"


@pytest.mark.parametrize(
    "text",
    [
        "https://www.youtube.com/watch?v=1", "twitch.tv/ann.", "clips.twitch.tv", "youtube dot com",
        "polka dot dress", "connect the dot here", "nice.I like it.is it good", "what a shop.Live now", "gg.In the end",
        "file.py and index.js", "e.g. this, i.e. that, at 5 a.m./p.m.", "3.14 and 1.5/2", "version 1.2.3.4",
        "https://youtube.com/@ann", "https://youtube.com/watch?v=1&user=a@b", "at 5.pm", "self.name = it.id",
        "run main.py",
        "so nice.lol", "ok.so what", "Дом.кино", "wait...what", "ann@evil.com",
    ],
)  # fmt: skip
def test_what_is_allowed_or_no_link_stays(text: str) -> None:
    assert shown(text) == text


def test_signs_around_a_link_are_not_part_of_it() -> None:
    assert shown("(see evil.com/a), evil.com,evil.net!") == "(see (link)), (link),(link)!"


def test_a_flood_of_links_is_one_link_in_the_end() -> None:
    line = "evil.me " * 1_000

    assert len(list(links(line))) == MAX_LINKS + 1
    assert shown(line) == "(link) " * (MAX_LINKS) + "(link)"
