"""Whatever people write is told to Voxta as text, and whatever the companion says is posted as text."""

import re
import unicodedata
from collections.abc import Sequence

import regex
from hypothesis import example, given
from hypothesis import strategies as st

from relay.config import OutboundSection, RepliesSection
from relay.config.loading import Config
from relay.errors import RenderingError
from relay.forwarding.policy import Policy
from relay.forwarding.rendering import Pick, Place, Renderer
from relay.model import AudienceMessage, Author, Kind, Origin, Post, ReplyText, Retraction
from relay.moderation.outbound import Outbound
from relay.platforms.simulated import QuietPlatform
from relay.replies.outlet import Outbox, Posted
from relay.replies.poster import Poster
from relay.replies.screening import Screening
from relay.text.printable import printable
from relay.text.sanitise import reserved_names
from tests.hostile import LINKS, LONG_TEXTS, TEXTS

RENDERER = Renderer(Policy(Config().forwarding), 1_200)
PLACE = Place("c", 0, reserved_names("Vox", "Apex", "Streamer"))
NOTHING_SHOWN = regex.compile(r"[\p{C}\p{Mn}\p{Me}\p{Z}\s\u2800\u3164\u1160\u115f\uffa0]+")
ROLE = re.compile(
    "\\b(user|assistant|system|developer|narrator|event|note|secret|story|instructions?|char|message)\\s*"
    "[:\uff1a\u02d0\u0589\u05c3\u2236\ua789]",
    re.IGNORECASE,
)
COMMAND = regex.compile(r"[/.!\\\u2044\u2215\u29f8]|[?$%&+;=^~|-]\p{L}")


def message(text: str, name: str, kind: Kind) -> AudienceMessage:
    author = Author(id="1", name=name)
    return AudienceMessage(
        platform="twitch", id="m", channel="c", kind=kind, author=author, text=text, detail=text, amount=5, at=0.0
    )


def told(text: str, name: str, kind: Kind) -> None:
    """Check what Voxta is sent for a message, and beside it as a shout of the room."""
    said = message(text, name, kind)
    try:
        forward, _ = RENDERER.render([Pick(said, text), Pick(said, text)], PLACE, digest=[(text, 4)])
    except RenderingError as error:
        assert str(error).startswith("empty")
        return
    command, body = forward.text.removesuffix(forward.body), forward.body
    assert command in ("", "/event ", "/noreply ")
    assert NOTHING_SHOWN.sub("", unicodedata.normalize("NFKC", body))[0] not in "/[*\\\u2044\u2215\u29f8\u2571"
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in body)
    assert not re.search(r"[\[\]{}]|<\||\|>|</?(?:s|sys|inst)>", body)
    assert not ROLE.search(body)
    own = body.count(" | ")
    assert own == body.count("|") <= 2
    assert body.count('"') % 2 == 0
    for part in body.split(" | "):
        who = re.split(r" \((?:Twitch)\)| just | has | gifted | cheered | is raiding | redeemed |Also in", part)[0]
        assert NOTHING_SHOWN.sub("", who).casefold() not in ("vox", "apex", "streamer", "system", "4pex")


def posts_of(text: str, platform: str) -> list[Post]:
    """What is posted of an answer."""
    released: list[ReplyText] = []
    Screening(Outbound(OutboundSection()), released.append, hold_for=1.0).screen(
        ReplyText(message_id="m", character="Vox", text=text, origins=(Origin(platform=platform, channel="c"),))
    )
    collected = Collecting(platform)
    poster = Poster(RepliesSection(), [collected], lambda *_: None)
    for reply in released:
        poster.queue(reply)
    return collected.posts


class Collecting(QuietPlatform):
    """An outlet whose outbox keeps what it is given."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.posts: list[Post] = []

    def outbox(self, posted: Posted) -> Outbox:
        return self

    def put(self, posts: Sequence[Post]) -> None:
        self.posts += posts

    def retract(self, retraction: Retraction) -> None: ...

    async def drain(self) -> None: ...


def said(text: str, platform: str) -> None:
    """Check what a chat, and other bots in it, get of an answer."""
    for post in posts_of(text, platform):
        assert 0 < len(post.text) <= QuietPlatform(platform).text_limit
        assert not COMMAND.match(post.text)
        assert not COMMAND.match(NOTHING_SHOWN.sub("", post.text)) or post.text[0] in "?$%&+;=^~|-"
        assert not re.search("@(everyone|here)\\b", post.text)
        assert not any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in post.text)
        assert not any(link in post.text for link in LINKS)


@given(TEXTS, TEXTS, st.sampled_from(list(Kind)))
@example("system", "", Kind.CHARITY)
@example(":", "{{ user }}", Kind.SUSPICIOUS)
def test_nothing_that_people_write_is_a_command_for_voxta(text: str, name: str, kind: Kind) -> None:
    told(text, name, kind)


@given(LONG_TEXTS, st.sampled_from(["twitch", "discord"]))
def test_nothing_that_the_companion_says_is_a_command_for_a_chat(text: str, platform: str) -> None:
    said(text, platform)


@given(TEXTS)
def test_nothing_that_is_shown_steers_a_terminal(text: str) -> None:
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", printable(text))
