"""Who serves which shard, when processes and connections come and go: against a Twitch of a few lines."""

from collections.abc import Collection

from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.platforms.twitch.conduits.conduit import ConduitShard
from relay.platforms.twitch.conduits.seats import STAND_IN_AFTER, Seats
from tests.support import examples

SHARDS = 3


class Room:
    """The shards as Twitch lists them, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.shards = [ConduitShard(number, False, "") for number in range(SHARDS)]
        self.sessions = 0
        self.assignments = 0

    def end(self, session: str) -> None:
        """Twitch notices that a session is over."""
        self.shards = [
            ConduitShard(shard.number, False, session) if shard.session == session else shard for shard in self.shards
        ]


class Process:
    def __init__(self, room: Room, own: Collection[int]) -> None:
        self.room = room
        self.held: dict[int, str] = {}
        self.broken: set[str] = set()
        """Sessions that are over, which Twitch has not noticed."""
        self.seats = Seats(own, lambda: room.now)

    def look(self) -> None:
        moves = self.seats.moves(self.room.shards, {number: {session} for number, session in self.held.items()})
        for number in moves.leave:
            del self.held[number]
        for number in moves.take:
            self.room.sessions += 1
            self.room.assignments += 1
            self.held[number] = f"session-{self.room.sessions}"
            self.room.shards[number] = ConduitShard(number, True, self.held[number])
            self.seats.taken(number)

    def lose(self, number: int, *, is_noticed: bool) -> None:
        """The connection breaks, which Twitch may notice later than we do."""
        session = self.held.pop(number)
        self.seats.lost(number, {session})
        if is_noticed:
            self.room.end(session)
        else:
            self.broken.add(session)

    def die(self) -> None:
        """Nobody else knows what of it was broken before, until Twitch notices that as well."""
        for session in self.broken.union(self.held.values()):
            self.room.end(session)


def test_a_webhook_that_twitch_looks_for_is_given_time_and_stood_in_for_when_it_is_not_found() -> None:
    room = Room()
    process = Process(room, [0, 1])
    room.shards[2] = ConduitShard(2, False, "", "https://relay.example.com/", "webhook_callback_verification_pending")
    for room.now in (0.0, STAND_IN_AFTER + 1):
        process.look()
    assert set(process.held) == {0, 1}

    room.shards[2] = ConduitShard(2, False, "", "https://relay.example.com/", "webhook_callback_verification_failed")
    for room.now in (10.0, 10.0 + STAND_IN_AFTER):
        process.look()
    assert set(process.held) == {0, 1, 2}


def test_all_shards_are_served_at_once_by_a_process_of_its_own() -> None:
    room = Room()
    alone = Process(room, range(SHARDS))
    alone.look()

    assert sorted(alone.held) == [0, 1, 2]


def test_each_of_two_processes_serves_its_own() -> None:
    room = Room()
    first, second = Process(room, [0]), Process(room, [1, 2])
    for process in (first, second, first, second):
        process.look()

    assert (sorted(first.held), sorted(second.held)) == ([0], [1, 2])


def test_a_broken_connection_is_replaced_at_once_also_before_twitch_has_noticed() -> None:
    room = Room()
    process = Process(room, [0])
    process.look()
    process.lose(0, is_noticed=False)
    process.look()

    assert room.shards[0] == ConduitShard(0, True, process.held[0])


def test_what_a_dead_process_served_is_taken_over_after_a_while_and_given_back() -> None:
    room = Room()
    gone, other = Process(room, [0]), Process(room, [1, 2])
    gone.look()
    other.look()
    gone.die()
    other.look()
    assert 0 not in other.held
    room.now += STAND_IN_AFTER
    other.look()
    assert 0 in other.held

    back = Process(room, [0])
    for process in (back, other, back, other):
        process.look()
    assert (sorted(back.held), sorted(other.held)) == ([0], [1, 2])


def test_two_processes_that_want_the_same_shards_do_not_take_them_from_each_other_for_ever() -> None:
    room = Room()
    first, second = Process(room, range(SHARDS)), Process(room, range(SHARDS))
    for _ in range(10):
        first.look()
        second.look()

    assert room.assignments == 2 * SHARDS
    assert (first.held, len(second.held)) == ({}, SHARDS)


owners = st.lists(st.frozensets(st.integers(0, SHARDS - 1)), min_size=1, max_size=4)
happenings = st.lists(
    st.tuples(st.sampled_from(["look", "break", "unnoticed", "die", "wait"]), st.integers(0, 3), st.integers(0, 2)),
    max_size=40,
)


@settings(max_examples=examples(60))
@given(owners, happenings)
@example([frozenset({0}), frozenset()], [("look", 0, 0), ("unnoticed", 0, 0), ("die", 0, 0)])
def test_whatever_happened_every_shard_is_served_once_when_it_is_quiet_for_a_while(
    owned: list[frozenset[int]], happened: list[tuple[str, int, int]]
) -> None:
    room = Room()
    processes = [Process(room, own) for own in owned]
    for what, which, number in happened:
        process = processes[which % len(processes)]
        match what:
            case "look":
                process.look()
            case "wait":
                room.now += 1.0
            case "die" if len(processes) > 1:
                process.die()
                processes.remove(process)
            case "break" | "unnoticed" if number in process.held:
                process.lose(number, is_noticed=what == "break")

    for _ in range(6):
        room.now += 1.0
        for process in processes:
            process.look()
    before = room.assignments
    for process in processes:
        process.look()

    served = [(number, session) for process in processes for number, session in process.held.items()]
    assert sorted(served) == [(shard.number, shard.session) for shard in room.shards]
    assert all(shard.is_enabled for shard in room.shards)
    assert room.assignments == before
