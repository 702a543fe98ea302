"""People in a voice channel are heard, through discord.py in a call of the local Discord."""

import asyncio
import time
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pytest
from discord.voice_state import SocketReader

from relay.config import VoxtaSection
from relay.hearing.base import BLOCK_SAMPLES, HEARING_RATE
from relay.hearing.echo import Echoes
from relay.hearing.one_stream import QUIET
from relay.platforms.discord.hearing import ears, voices
from relay.voxta.audio import AudioInput
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.voice_person import Conditions, VoicePerson
from tests.doubles.discord.voice_sound import encode, tone
from tests.doubles.recogniser import Recogniser
from tests.hearing import sounds
from tests.hearing.rooms import STEP, echoed, playing, samples, voice
from tests.platforms.discord.hearing.call import pitch
from tests.platforms.discord.hearing.conftest import Join, Room
from tests.support import eventually

WORD = encode(tone(440, 0.3))
"""Something short to say."""


def speaker(person: VoicePerson) -> str:
    return f"voice:{person.id}"


def whole_turn(person: VoicePerson) -> list[tuple[str, str]]:
    return [*beginning(person), ("stopped", speaker(person))]


def beginning(person: VoicePerson) -> list[tuple[str, str]]:
    return [("talks", speaker(person)), ("speaks", speaker(person))]


def read(room: Room, seconds: float = 0.9) -> bytes:
    return b"".join(room.hearing.read() for _ in range(round(seconds / 0.03)))


def loudness(pcm: bytes) -> float:
    """Root mean square of what is not silence, as a share of full scale."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return float(np.sqrt(np.mean(np.square(samples[samples != 0])))) / 32768 if samples.any() else 0.0


async def test_a_person_is_told_of_while_they_talk_and_what_they_say_is_passed_on(room: Room) -> None:
    ann = await room.enter("ann")
    await ann.speak(WORD)
    await eventually(lambda: room.told == whole_turn(ann))
    heard = read(room)
    assert room.onsets == [int(ann.id)]
    assert pitch(heard, HEARING_RATE) == pytest.approx(440, abs=5)
    assert loudness(heard) == pytest.approx(0.3 / 2**0.5, rel=0.15)


async def test_the_first_sound_is_reported_in_the_thread_that_heard_it(room: Room) -> None:
    ann = await room.enter("ann")
    await ann.speak(WORD)
    await eventually(lambda: bool(room.threads))
    assert room.threads[0].startswith("voice-socket-reader")


async def test_who_talks_on_is_reported_again_and_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices, "REPEAT_EVERY", 0.1)
    ann = await room.enter("ann")
    talking = asyncio.create_task(ann.speak(12 * encode(tone(440, 5))))
    for times in (1, 2, 3):
        await eventually(lambda: room.told == beginning(ann) + (times - 1) * [("speaks", speaker(ann))])  # noqa: B023 - awaited at once
        so_far = room.ears.counts.decoded
        await eventually(lambda: room.ears.counts.decoded > so_far + 1)  # noqa: B023
        room.now += 0.11
    talking.cancel()
    await asyncio.wait({talking})
    assert room.onsets == [int(ann.id)]


async def test_a_stream_without_a_name_is_recognised_by_its_key(room: Room) -> None:
    await room.enter("ben")
    ann = await room.enter("ann")
    await ann.speak(WORD, announce=False)
    await eventually(lambda: room.told == whole_turn(ann))


async def test_a_call_without_end_to_end_encryption_is_heard_too(discord: DiscordDouble, join: Join) -> None:
    discord.voice.dave = False
    async with join() as room:
        ann = await room.enter("ann")
        await ann.speak(WORD)
        await eventually(lambda: room.told == whole_turn(ann))


async def test_a_bad_way_is_heard_through(room: Room) -> None:
    ann = await room.enter("ann")
    way = Conditions(frozenset({5}), frozenset({2, 8}), frozenset({3, 9}), padding=9, noise=True)
    await ann.speak(WORD, way)
    await eventually(lambda: room.told == whole_turn(ann))
    assert room.ears.counts.decoded == len(WORD) - 1
    assert pitch(read(room), HEARING_RATE) == pytest.approx(440, abs=10)


def stretches(blocks: list[bytes]) -> list[npt.NDArray[np.float64]]:
    """What was heard between silences."""
    sounds = (b"".join(group) for is_sound, group in groupby(blocks, any) if is_sound)
    return [np.frombuffer(sound, "<i2").astype(float) for sound in sounds]


def strongest(sound: npt.NDArray[np.float64]) -> float:
    """The pitch that is heard most, in Hz."""
    return float(np.fft.rfftfreq(len(sound), 1 / HEARING_RATE)[np.abs(np.fft.rfft(sound)).argmax()])


async def test_people_who_talk_at_once_are_told_and_heard_apart(room: Room) -> None:
    people = [await room.enter(name) for name in ("ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal")]
    sounds = [encode(tone(300 + 200 * index, 0.5, 0.05)) for index in range(len(people))]
    async with asyncio.TaskGroup() as tasks:
        for person, sound in zip(people, sounds, strict=True):
            tasks.create_task(person.speak(sound))
    await eventually(lambda: len(room.told) >= 3 * len(people))
    assert set(room.told) == {entry for person in people for entry in whole_turn(person)}
    room.now += 3.0
    await eventually(lambda: room.turns == len(people))
    turns = stretches([room.hearing.read() for _ in range(1_000)])
    assert sorted(round(strongest(turn), -2) for turn in turns) == [300 + 200 * index for index in range(len(people))]


async def test_a_new_key_during_the_call_does_not_deafen(discord: DiscordDouble, room: Room) -> None:
    ann = await room.enter("ann")
    await ann.speak(WORD)
    await eventually(lambda: room.told == whole_turn(ann))
    old = room.voice.secret_key
    await discord.voice.rotate_key()
    await eventually(lambda: room.voice.secret_key != old and room.voice._connection.can_encrypt)
    await ann.speak(WORD)
    await eventually(lambda: room.told == 2 * whole_turn(ann))


async def test_who_leaves_in_the_middle_of_a_word_has_stopped(discord: DiscordDouble, room: Room) -> None:
    ann = await room.enter("ann")
    talking = asyncio.create_task(ann.speak(encode(tone(440, 5))))
    await eventually(lambda: room.told[:2] == beginning(ann))
    await discord.leave("ann")
    await eventually(lambda: room.told[:3] == whole_turn(ann))
    talking.cancel()
    await asyncio.wait({talking})


async def test_all_have_stopped_when_the_bot_leaves(room: Room) -> None:
    ann = await room.enter("ann")
    talking = asyncio.create_task(ann.speak(encode(tone(440, 5))))
    await eventually(lambda: room.told[:2] == beginning(ann))
    await room.voice.disconnect(force=True)
    await eventually(lambda: room.told[:3] == whole_turn(ann))
    talking.cancel()
    await asyncio.wait({talking})


async def test_comfort_noise_interrupts_nobody_and_is_not_passed_on(room: Room) -> None:
    ann = await room.enter("ann")
    await ann.speak(encode(tone(440, 0.3, level=0.001)))
    await eventually(lambda: room.ears.counts.decoded > 10)
    assert (room.onsets, room.told) == ([], [])
    assert not any(read(room))


async def test_people_who_were_not_chosen_are_not_heard(discord: DiscordDouble, join: Join) -> None:
    ben = discord.person("ben")
    async with join(listen_to="allowed", allowed=(int(ben.id),)) as room:
        ann, chosen = await room.enter("ann"), await room.enter("ben")
        await ann.speak(WORD)
        await chosen.speak(WORD)
        await eventually(lambda: room.told == whole_turn(chosen))
        assert room.onsets == [int(ben.id)]
        assert room.ears.counts.decoded == len(WORD)


async def test_bots_are_not_heard(discord: DiscordDouble, room: Room) -> None:
    discord.person("music", bot=True)
    music, ann = await room.enter("music"), await room.enter("ann")
    await music.speak(WORD)
    await ann.speak(WORD)
    await eventually(lambda: room.told == whole_turn(ann))


async def test_with_push_to_talk_only_who_holds_the_floor_is_heard(join: Join) -> None:
    async with join(push_to_talk=True) as room:
        floor = room.ears.audience.push_to_talk
        assert floor is not None
        ann = await room.enter("ann")
        await ann.speak(WORD)
        await eventually(lambda: room.ears.counts.received == len(WORD) + 5)
        assert room.onsets == []
        floor.toggle(int(ann.id))
        await ann.speak(WORD)
        await eventually(lambda: room.told == whole_turn(ann))


async def test_listening_is_announced_once_in_the_chat_of_the_voice_channel(discord: DiscordDouble, room: Room) -> None:
    [post] = await discord.wait_for_posts(1)
    assert post.channel == discord.lounge
    assert post.text == room.ears.audience.announcement()
    await discord.voice.rotate_key()
    ann = await discord.enter("ann")
    await ann.speak(WORD)
    assert len(discord.posts) == 1
    assert room.ears.health() is None


async def test_an_announcement_that_fails_shows_in_the_health(discord: DiscordDouble, join: Join) -> None:
    discord.fail_next(f"/channels/{discord.lounge}/messages", 403)
    async with join() as room:
        await eventually(lambda: "give the bot Send Messages there" in (room.ears.health() or ""))


async def test_packets_that_nothing_opens_are_an_alarm(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    ann = await room.enter("ann")
    room.voice._connection.secret_key = [0] * 32
    for times in (1, 2):
        await ann.speak(WORD)
        await eventually(lambda: room.ears.counts.received == times * (len(WORD) + 5))  # noqa: B023 - awaited at once
        room.now += 3.0
    assert "none can be decrypted" in (room.ears.health() or "")


async def test_discordpys_reader_may_be_slow_to_begin(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = SocketReader.run

    def late(reader: SocketReader) -> None:
        time.sleep(0.1)
        begin(reader)

    monkeypatch.setattr(SocketReader, "run", late)
    async with join() as room:
        assert room.voice.is_connected()


async def test_discordpys_reader_lets_go_of_a_socket_that_is_closed(room: Room) -> None:
    reader = room.voice._connection._socket_reader
    await room.voice.disconnect(force=True)
    await eventually(lambda: not reader.is_alive())


@pytest.mark.parametrize("noise", [sounds.typing(0.6), sounds.fan(0.6)], ids=["typing", "fan"])
async def test_noise_pauses_the_companion_and_is_neither_speech_nor_passed_on(
    join: Join, noise: npt.NDArray[np.float64]
) -> None:
    async with join(detector="neural") as room:
        ann = await room.enter("ann")
        await ann.speak(sounds.as_packets(noise))
        await eventually(lambda: room.told == [("talks", speaker(ann)), ("stopped", speaker(ann))])
        assert room.onsets == [int(ann.id)]
        assert not any(read(room))


async def test_speech_pauses_the_companion_and_is_known_for_speech(join: Join) -> None:
    async with join(detector="neural") as room:
        ann = await room.enter("ann")
        await ann.speak(sounds.as_packets(sounds.speech()[:16_000]))
        await eventually(lambda: room.told[-1:] == [("stopped", speaker(ann))])
        assert room.told[:2] == beginning(ann)
        assert room.onsets == [int(ann.id)]
        assert loudness(read(room)) > 0.02


def levels_of(heard: npt.NDArray[np.float64]) -> dict[int, float]:
    """The levels of these tones, by their frequencies."""
    at = np.arange(len(heard)) / HEARING_RATE
    return {hertz: float(abs(2 * np.mean(heard * np.exp(-2j * np.pi * hertz * at)))) for hertz in (500, 1000, 1500)}


async def test_what_several_people_say_arrives_at_voxtas_ear(room: Room) -> None:
    async with Recogniser().running() as voxta, asyncio.TaskGroup() as tasks:
        sender = AudioInput(VoxtaSection(), room.hearing, url=voxta.url)
        sending = tasks.create_task(sender.run())
        sender.request(True, "a chat")
        await eventually(lambda: len(voxta.blocks) > 0)
        ann, ben = await room.enter("ann"), await room.enter("ben")
        await asyncio.gather(ann.speak(encode(tone(500, 0.6, 0.2))), ben.speak(encode(tone(1500, 0.6, 0.1))))
        await eventually(lambda: {("stopped", speaker(each)) for each in (ann, ben)} <= set(room.told))
        room.now += 3.0
        await eventually(lambda: {500, 1500} <= {round(strongest(each), -2) for each in stretches(voxta.blocks)})
        await eventually(lambda: not any(b"".join(voxta.blocks[-5:])))
        sending.cancel()
    # a machine that is late leaves gaps, but in none of the pieces are both
    pieces = [piece for piece in stretches(voxta.blocks) if len(piece) >= HEARING_RATE // 10]
    heights = [round(strongest(piece), -2) for piece in pieces]
    assert sorted(set(heights)) == [500, 1500]
    assert heights in (sorted(heights), sorted(heights, reverse=True)), "one after the other"
    for piece in pieces:
        assert min(levels_of(piece / 32768)[height] for height in (500, 1500)) < 0.01
    assert voxta.blocks[-1] == QUIET


async def test_who_hears_the_companion_by_loudspeakers_is_told_once_that_headphones_help(
    discord: DiscordDouble, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ears, "CHECK_EVERY", 0.01)
    played = voice(1, 3.0)
    echoes = Echoes(playing(played, 0.0))
    back, block = samples(echoed(played, 2, level=-15, delay=0.1)[::STEP]), 2 * BLOCK_SAMPLES

    async with join(echoes=echoes) as room:
        ann = await room.enter("ann")
        for number, at in enumerate(range(0, len(back) - block + 1, block), 1):
            echoes.is_echo(speaker(ann), back[at : at + block], number * BLOCK_SAMPLES / HEARING_RATE)
        posts = await discord.wait_for_posts(2)

    advice = [post.text for post in posts if "loudspeakers" in post.text]
    assert advice == [f"<@{ann.id}> I hear myself through your loudspeakers. Headphones help."]


@pytest.mark.parametrize("by_name", [True, False])
async def test_who_is_muted_by_moderators_neither_silences_the_companion_nor_is_heard(
    room: Room, by_name: bool
) -> None:
    ann, ben = await room.enter("ann"), await room.enter("ben")
    room.muted = frozenset({"ann" if by_name else f"discord:{ann.id}"})
    await ann.speak(WORD)
    await ben.speak(WORD)
    await eventually(lambda: room.told == whole_turn(ben))
    assert room.onsets == [int(ben.id)]

    room.muted = frozenset()
    await ann.speak(WORD)
    await eventually(lambda: room.told == whole_turn(ben) + whole_turn(ann))


async def test_who_left_without_a_word_of_the_voice_gateway_is_forgotten(
    discord: DiscordDouble, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ears, "CHECK_EVERY", 0.01)
    ann, ben = await room.enter("ann"), await room.enter("ben")
    for person in (ann, ben):
        await person.speak(WORD)
    await eventually(lambda: {("stopped", speaker(each)) for each in (ann, ben)} <= set(room.told))
    room.now += 1.0
    await eventually(lambda: room.ears.voices.quiet == {int(ann.id), int(ben.id)})

    await discord.voice.leave(discord.person("ann"), is_told=False)

    await eventually(lambda: room.ears.voices.quiet == {int(ben.id)})
