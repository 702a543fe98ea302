"""What a scenario may do on Twitch, through TwitchIO, as far as the scopes of the login allow it."""

from typing import Any

import pytest

from relay.acts import ActRefused
from relay.errors import AuthError, PlatformError, RelayError
from relay.model import AudienceMessage
from relay.platforms.base import Stream
from relay.platforms.twitch.acts import SCOPES as ACT_SCOPES
from relay.platforms.twitch.client import TwitchPlatform
from tests.doubles.twitch import SCOPES, TwitchDouble
from tests.doubles.twitch.channel_shapes import CHOICE
from tests.doubles.twitch.shapes import fill
from tests.platforms.twitch.conftest import EVERYTHING, Connect, Received

ALL = (*SCOPES, *dict.fromkeys(ACT_SCOPES.values()))


async def perform(platform: TwitchPlatform, name: str, *given: Any, **named: Any) -> str:
    [act] = [act for act in platform.acts() if act.name == name]
    return await act(named or given)


ACTS: list[tuple[str, tuple[Any, ...], str, tuple[str, dict[str, Any]]]] = [
    (
        "poll",
        ("Next?", "Chess | Go", 90),
        "started the poll Next?",
        ("poll", {"title": "Next?", "choices": [{"title": "Chess"}, {"title": "Go"}], "duration": 90}),
    ),
    (
        "prediction",
        ("Win?", "yes|no"),
        "started the prediction Win?",
        ("prediction", {"title": "Win?", "outcomes": [{"title": "yes"}, {"title": "no"}], "prediction_window": 120}),
    ),
    ("clip", (), "made the clip FunnyClip", ("clip", {})),
    ("title", ("Chess night",), "changed the title to Chess night", ("channel", {"title": "Chess night"})),
    ("game", ("Chess",), "changed the game to Chess", ("channel", {"game_id": "743"})),
]


@pytest.mark.parametrize(("name", "given", "said", "done"), ACTS)
async def test_an_act_is_done_in_the_channel(
    connect: Connect, name: str, given: tuple[Any, ...], said: str, done: tuple[str, dict[str, Any]]
) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        twitch.broadcast.viewers = 5
        assert await perform(platform, name, *given) == said
        [(kind, body)] = twitch.broadcast.done
        assert kind == done[0]
        assert done[1].items() <= body.items()


async def test_who_starts_a_poll_hears_how_it_ends(connect: Connect, received: Received) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch, kinds=EVERYTHING) as platform:
        await perform(platform, "poll", "Next?", "Chess|Go")
        [begun] = await received.until(1)
        poll = begun.id.removeprefix("poll-").removesuffix("-begin") if isinstance(begun, AudienceMessage) else ""
        choices = [fill(CHOICE, id=title, title=title, votes=votes) for title, votes in (("Chess", 1), ("Go", 4))]
        await twitch.happen("channel.poll.end", id=poll, title="Next?", choices=choices)
        await received.until(2)

    assert [(each.moment, each.text, each.detail, each.amount) for each in received.messages] == [
        ("begin", "Next?", "Chess and Go", None),
        ("end", "Next?", "Go", 80),
    ]


async def test_people_are_shouted_out_and_timed_out_by_their_login(connect: Connect) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        ann = twitch.state.user("ann")
        assert await perform(platform, "shoutout", "@Ann") == "shouted out ann"
        assert await perform(platform, "timeout", login="ann", seconds=30, reason="spam") == "timed ann out for 30 s"
        shoutout, timeout = [body for _, body in twitch.broadcast.done]
        assert (shoutout["to_broadcaster_id"], timeout["user_id"], timeout["duration"]) == (ann.id, ann.id, 30)


@pytest.mark.parametrize("name", ACT_SCOPES)
async def test_without_its_scope_an_act_is_refused_with_the_fix(
    twitch: TwitchDouble, connect: Connect, name: str
) -> None:
    given = {"shoutout": ("ann",), "timeout": ("ann",), "game": ("Chess",), "title": ("x",)}
    async with connect(twitch) as platform:
        with pytest.raises(AuthError, match=rf"lacks {ACT_SCOPES[name]}.*relay auth twitch"):
            await perform(platform, name, *given.get(name, () if name == "clip" else ("t", "a|b")))
        assert twitch.broadcast.done == []


@pytest.mark.parametrize(("name", "given"), [(name, given) for name, given, *_ in ACTS if name != "clip"])
async def test_what_is_the_streamers_own_is_refused_to_other_logins_in_plain_words(
    connect: Connect, name: str, given: tuple[Any, ...]
) -> None:
    async with TwitchDouble(account="vox", scopes=ALL) as twitch, connect(twitch) as platform:
        with pytest.raises(PlatformError, match=f"{name} is the streamer's own: log in as streamer, not as vox"):
            await perform(platform, name, *given)
        assert (twitch.broadcast.done, twitch.refused) == ([], [])


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("poll", ("Next?", "only one"), "poll: choices: Value error, it needs 2 to 5 choices, as in yes|no"),
        ("poll", ("Next?", "a|b", 5), "poll: seconds: Input should be greater than or equal to 15, not 5"),
        ("poll", (), "poll: title: Field required"),
        ("poll", ("a", "b|c", 60, 1), "poll takes title, choices, seconds; 4 were given"),
        ("shoutout", ("not a login",), "shoutout: login: String should match pattern"),
        ("game", ("Nothing at all",), "Twitch knows no category 'Nothing at all'"),
        ("shoutout", ("nobody_here",), "Twitch knows nobody called nobody_here"),
    ],
)
async def test_what_cannot_be_done_is_named(connect: Connect, name: str, given: tuple[Any, ...], problem: str) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        with pytest.raises(ActRefused) as error:
            await perform(platform, name, *given)
        assert problem in str(error.value)
        assert twitch.broadcast.done == []


async def test_a_clip_of_a_stream_that_is_offline_is_refused_by_twitch(connect: Connect) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        with pytest.raises(RelayError, match="making a clip"):
            await perform(platform, "clip")


async def test_how_the_stream_is_doing_is_known(twitch: TwitchDouble, connect: Connect) -> None:
    async with connect(twitch) as platform:
        offline = await platform.stream()
        twitch.broadcast.viewers, twitch.broadcast.title = 42, "Chess night"
        channel = twitch.state.channels[0].id
        assert offline == Stream(False, "Hello world", "Chess", 0, channel)
        assert await platform.stream() == Stream(True, "Chess night", "Chess", 42, channel, 1_714_586_400.0)
