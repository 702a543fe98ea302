"""From datagrams to people's voices, over sessions and ciphers of both ends."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.platforms.discord.hearing.counts import DEAF_AFTER
from relay.platforms.discord.hearing.receiver import HOLD
from tests.doubles.discord.voice_rtp import EXTENSION, SILENCE, VIDEO, Cipher, receiver_report
from tests.platforms.discord.hearing.call import RATE, Call, Ear, Person, pitch, tone
from tests.support import examples

ANNA, BEN = 101, 102


def test_what_a_person_says_is_heard_as_they_said_it() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    for packet in tone(440):
        ear.receiver.packet(anna.say(packet))
    assert ear.frames(ANNA) == 50
    assert pitch(ear.pcm[ANNA], RATE) == pytest.approx(440, abs=2)


def test_eight_people_talk_at_once_and_each_is_heard_apart() -> None:
    people = {100 + index: 300.0 + 150 * index for index in range(8)}
    call = Call(list(people))
    ear, talkers = Ear(call), [Person(call, user, ssrc=user * 7) for user in people]
    for frame in range(50):
        for talker in talkers:
            ear.receiver.packet(talker.say(tone(people[talker.user])[frame]))
    heard = {user: round(pitch(pcm, RATE), -1) for user, pcm in ear.pcm.items()}
    assert heard == {user: pytest.approx(frequency, abs=6) for user, frequency in people.items()}


def test_the_first_packet_names_its_speaker_by_the_key_that_opens_it() -> None:
    call = Call([ANNA, BEN])
    ben, ear = Person(call, BEN, 5), Ear(call)
    ear.receiver.packet(ben.say(tone(440)[0]))
    assert ear.frames(BEN) == 1
    assert ear.frames(ANNA) == 0


def test_without_end_to_end_encryption_packets_wait_for_their_speakers_name() -> None:
    call = Call(dave=False)
    anna, ear = Person(call, ANNA, 1), Ear(call)
    for packet in tone(440)[:10]:
        ear.receiver.packet(anna.say(packet))
    assert ear.pcm == {}
    ear.receiver.name(anna.ssrc, ANNA)
    ear.receiver.packet(anna.say(tone(440)[10]))
    assert ear.frames(ANNA) == 11


def test_a_stream_that_stays_nameless_is_not_kept_for_ever() -> None:
    call = Call(dave=False)
    anna, ear = Person(call, ANNA, 1), Ear(call)
    for _ in range(2 * HOLD):
        ear.receiver.packet(anna.say(tone(440)[0]))
    ear.receiver.name(anna.ssrc, ANNA)
    ear.receiver.packet(anna.say(tone(440)[1]))
    assert ear.frames(ANNA) == HOLD + 1


def test_reordered_and_doubled_packets_are_heard_in_order_and_once() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    sent = [anna.say(packet) for packet in tone(440)[:12]]
    for index in (0, 2, 1, 1, 3, 3, 6, 5, 4, 7, 0, 8, 9, 11, 10):
        ear.receiver.packet(sent[index])
    assert ear.frames(ANNA) == 12
    distances = [(later - earlier) % 2**32 for earlier, later in zip(ear.timestamps, ear.timestamps[1:], strict=False)]
    assert set(distances) == {960}


def test_lost_packets_are_made_up_for_in_their_places() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    sent = [anna.say(packet) for packet in tone(440)]
    lost = {7, 20, 21, 22, 23, 24, 25}
    for index, datagram in enumerate(sent):
        if index not in lost:
            ear.receiver.packet(datagram)
    assert ear.frames(ANNA) == 50
    assert ear.counts.made_up == len(lost)
    assert {(later - earlier) % 2**32 for earlier, later in pairwise(ear.timestamps)} == {960}
    assert pitch(ear.pcm[ANNA], RATE) == pytest.approx(440, abs=2)
    assert np.abs(np.frombuffer(ear.pcm[ANNA], "<i2").reshape(50, -1)[7]).max() > 3000


def test_a_hole_too_long_to_be_made_up_for_stays_one() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    sent = [anna.say(packet) for packet in tone(440)]
    for datagram in sent[:10] + sent[30:]:
        ear.receiver.packet(datagram)
    assert ear.frames(ANNA) == 30


def test_nothing_is_made_up_between_two_turns() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    first = [anna.say(packet) for packet in tone(440)[:10]]
    lost = [anna.say(SILENCE) for _ in range(5)]
    anna.timestamp += 50 * 960
    for datagram in first + [anna.say(packet) for packet in tone(440)[:10]]:
        ear.receiver.packet(datagram)
    assert len(lost) == 5
    assert ear.frames(ANNA) == 20


def test_a_way_on_which_packets_come_up_to_200_ms_late_is_learnt() -> None:
    call = Call(dave=False)
    anna, ear, chance = Person(call, ANNA, 1), Ear(call), random.Random(1)
    ear.receiver.name(anna.ssrc, ANNA)
    sent = [(index + chance.uniform(0, 9), anna.say(packet)) for index, packet in enumerate(tone(440) * 8)]
    for number, (_, datagram) in enumerate(sorted(sent)):
        ear.receiver.packet(datagram)
        if number == 100:
            ear.counts.made_up = 0
    assert ear.counts.made_up <= 3


def test_extensions_and_padding_are_taken_off() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    for packet in tone(440)[:10]:
        ear.receiver.packet(anna.say(packet, extension=EXTENSION, padding=7))
    assert ear.frames(ANNA) == 10


def test_video_rtcp_and_other_traffic_is_passed_over() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    noise = [anna.say(b"a picture", type=VIDEO), receiver_report(call.cipher, 1), b"", bytes(74), b"\x80\x78"]
    for datagram in noise:
        ear.receiver.packet(datagram)
    assert (ear.counts.received, ear.pcm) == (0, {})


def test_a_new_key_is_used_from_the_next_packet_on() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    ear.receiver.packet(anna.say(tone(440)[0]))
    call.rotate(bytes(reversed(range(32))))
    ear.receiver.packet(anna.say(tone(440)[1]))
    assert ear.frames(ANNA) == 2


def test_a_person_who_joins_during_the_call_is_heard() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    ear.receiver.packet(anna.say(tone(440)[0]))
    call.join(BEN)
    ben = Person(call, BEN, 2)
    ear.receiver.packet(ben.say(tone(440)[0]))
    ear.receiver.packet(anna.say(tone(440)[1]))
    assert (ear.frames(ANNA), ear.frames(BEN)) == (2, 1)


def test_a_person_who_comes_back_is_heard_over_their_new_stream() -> None:
    call = Call([ANNA])
    ear = Ear(call)
    ear.receiver.packet(Person(call, ANNA, 1).say(tone(440)[0]))
    ear.receiver.forget(ANNA)
    ear.receiver.packet(Person(call, ANNA, 2).say(tone(440)[0]))
    assert ear.frames(ANNA) == 2


def test_people_who_are_not_heard_are_not_even_decrypted() -> None:
    call = Call([ANNA, BEN])
    ben, ear = Person(call, BEN, 5), Ear(call, deaf_to=[BEN])
    ear.receiver.name(ben.ssrc, BEN)
    for packet in tone(440)[:10]:
        ear.receiver.packet(ben.say(packet))
    assert (ear.counts.received, ear.counts.decrypted, ear.counts.decoded) == (10, 0, 0)


def test_silence_frames_are_told_and_never_decoded() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    ear.receiver.packet(anna.say(tone(440)[0]))
    for _ in range(5):
        ear.receiver.packet(anna.say(SILENCE))
    assert ear.silences == [ANNA] * 5
    assert ear.counts.decoded == 1


def test_what_is_not_encrypted_is_not_heard_in_an_encrypted_call() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    ear.receiver.name(anna.ssrc, ANNA)
    anna.user = 0  # a stranger to the group: nothing seals what they say
    ear.receiver.packet(anna.say(tone(440)[0]))
    assert ear.pcm == {}
    assert ear.counts.failures["sealed"] == 1


def test_after_a_downgrade_plain_packets_are_heard() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    ear.receiver.name(anna.ssrc, ANNA)
    call.dave_protocol_version, anna.user = 0, 0
    ear.receiver.packet(anna.say(tone(440)[0]))
    assert ear.frames(ANNA) == 1


def test_packets_that_nothing_opens_raise_the_alarm_until_one_is_opened() -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), Ear(call)
    right, call.cipher = call.cipher, Cipher("aead_xchacha20_poly1305_rtpsize", bytes(32))
    for _ in range(60):
        ear.receiver.packet(anna.say(tone(440)[0]))
        ear.now += DEAF_AFTER / 50
    assert ear.counts.is_deaf
    assert "60 in, 0 decrypted, 0 decoded; 60 unreadable" in str(ear.counts)
    call.cipher = right
    ear.receiver.packet(anna.say(tone(440)[0]))
    assert not ear.counts.is_deaf


def test_a_defect_behind_the_ear_does_not_reach_the_reader(caplog: pytest.LogCaptureFixture) -> None:
    call = Call([ANNA])
    anna, ear = Person(call, ANNA, 1), BrokenEar(call)
    ear.receiver.packet(anna.say(tone(440)[0]))
    assert ear.counts.failures["broken"] == 1
    assert "could not be handled" in caplog.text


class BrokenEar(Ear):
    def sound(self, user: int, timestamp: int, pcm: bytes) -> None:
        raise RuntimeError("a defect")


CALL = Call([ANNA, BEN])


@settings(max_examples=examples(300), deadline=None)
@given(data=st.binary(max_size=400))
def test_no_datagram_makes_the_ear_fail(data: bytes) -> None:
    ear = Ear(CALL)
    ear.receiver.packet(data)
    ear.receiver.packet(b"\x80\x78" + data)
    assert ear.counts.failures["broken"] == 0


@settings(max_examples=examples(300), deadline=None)
@given(
    payload=st.binary(max_size=120),
    head=st.binary(min_size=16, max_size=80),
    flags=st.integers(0, 63),
    named=st.booleans(),
    marked=st.booleans(),
)
def test_no_payload_makes_the_ear_fail(payload: bytes, head: bytes, flags: int, named: bool, marked: bool) -> None:
    """Sealed with the right key, as a hostile person's packets are."""
    ear = Ear(CALL)
    clear_size = 12 + 4 * (flags & 15) + (4 if flags & 16 else 0)
    clear = (bytes([0x80 | flags, 0x78]) + head.ljust(80, b"\1"))[:clear_size]
    datagram = CALL.cipher.seal(clear, payload + (b"\xfa\xfa" if marked else b""))
    if named:
        ear.receiver.name(int.from_bytes(clear[8:12]), ANNA)
    ear.receiver.packet(datagram)
    assert ear.counts.failures["broken"] == 0


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), loss=st.floats(0, 0.5))
def test_whatever_the_network_does_each_packet_is_heard_at_most_once_and_in_order(seed: int, loss: float) -> None:
    call, chance = Call(dave=False), random.Random(seed)
    anna, ear = Person(call, ANNA, 1), Ear(call)
    ear.receiver.name(anna.ssrc, ANNA)
    start = anna.timestamp
    sent = [anna.say(packet) for packet in tone(440)]
    arriving = [
        (index + chance.uniform(0, 6), datagram) for index, datagram in enumerate(sent) if chance.random() >= loss
    ]
    arriving += chance.choices(arriving, k=20) if arriving else []
    for _, datagram in sorted(arriving):
        ear.receiver.packet(datagram)
    order = [(timestamp - start) % 2**32 for timestamp in ear.timestamps]
    assert order == sorted(set(order))
