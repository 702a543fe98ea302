import pytest

from relay.platforms.discord.voice.whereabouts import VoiceWhereabouts

LOUNGE, STAGE, ELSEWHERE = 1, 2, 3


@pytest.fixture
def where() -> VoiceWhereabouts:
    return VoiceWhereabouts([LOUNGE, STAGE])


def test_it_follows_the_streamer_through_its_own_channels(where: VoiceWhereabouts) -> None:
    seen = []
    for channel in (LOUNGE, STAGE, ELSEWHERE, None):
        where.follow(channel)
        seen.append(where.channel)
    assert seen == [LOUNGE, STAGE, STAGE, STAGE]


def test_asked_it_goes_anywhere(where: VoiceWhereabouts) -> None:
    where.ask(ELSEWHERE)
    assert where.channel == ELSEWHERE


def test_sent_away_it_stays_away_while_the_streamer_stays(where: VoiceWhereabouts) -> None:
    where.follow(LOUNGE)
    where.dismiss()
    where.follow(STAGE)
    assert where.channel is None


def test_sent_away_it_comes_back_with_the_streamer(where: VoiceWhereabouts) -> None:
    where.follow(LOUNGE)
    where.dismiss()
    where.follow(None)
    where.follow(LOUNGE)
    assert where.channel == LOUNGE


def test_put_out_it_waits_to_be_asked(where: VoiceWhereabouts) -> None:
    where.follow(LOUNGE)
    where.expel()
    where.follow(None)
    where.follow(LOUNGE)
    assert where.channel is None
    where.ask(LOUNGE)
    where.follow(STAGE)
    assert where.channel == STAGE


def test_left_alone_it_comes_back_when_the_streamer_does(where: VoiceWhereabouts) -> None:
    where.follow(LOUNGE)
    where.give_up()
    assert where.channel is None
    where.follow(LOUNGE)
    assert where.channel == LOUNGE


def test_moved_it_stays_there(where: VoiceWhereabouts) -> None:
    where.follow(LOUNGE)
    where.moved(ELSEWHERE)
    assert where.channel == ELSEWHERE
