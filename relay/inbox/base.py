"""The inbox: audience messages wait here, durably, until each has exactly one outcome."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from relay.model import AudienceMessage, Edit, Forward, Outcome, Retraction, Settlement, Value


class Record(Value):
    """What happened to one message; answers `why`."""

    message: AudienceMessage
    settlement: Settlement | None = None
    """None while it waits."""
    forward_id: str | None = None

    @property
    def story(self) -> str:
        """What happened, in a few words."""
        pretended = "pretended, " if self.message.pretended else ""
        if self.settlement is None:
            return pretended + ("being sent" if self.forward_id else "still waiting")
        return f"{pretended}{self.settlement.outcome} ({self.settlement.reason})"


class Inbox(Protocol):
    """A durable queue with a duplicate check on the way in and one outcome on the way out.

    A message is waiting, then held by its process (claimed), then settled. Every method raises
    InboxError when the store does not answer within its timeout; nothing is lost then. `claim`, `begin`, `abandon`,
    `settle` and `set_note` raise InboxTaken, and do nothing, when another process has taken the store over.
    """

    async def open(self, *, to_look: bool = False) -> None:
        """Connect and create what is missing. Called once, before anything else.

        The store is this process's alone then. Raises InboxTaken when another one has it; one that died still has it
        for a moment, which is waited for. `to_look`: only to ask, also beside a process that has the store, where the
        engine allows it.
        """
        ...

    async def close(self) -> None:
        """Finish what was accepted and let go of the store."""
        ...

    async def append(self, messages: Sequence[AudienceMessage]) -> list[bool]:
        """Store messages; durable when it returns. True for each that is new, False for a duplicate key.

        Checking and appending are one atomic step, also between processes. An append that failed may be repeated
        and doubles nothing; where the first try had come through, the repeat answers True in its place.
        """
        ...

    async def claim(self, limit: int, wait: float) -> list[AudienceMessage]:
        """The oldest waiting messages, at most `limit`, now held by this process.

        Waits up to `wait` seconds for the first one; returns at once when something waits. [] after that.
        """
        ...

    async def reclaim(self) -> list[AudienceMessage]:
        """What the process before this one still held, oldest first, now held by this one.

        Messages of an unfinished forward are not included: `unfinished` has them.
        """
        ...

    async def current(self, keys: Sequence[str]) -> dict[str, AudienceMessage]:
        """The messages as they stand now, edits applied. Settled and unknown ones are missing."""
        ...

    async def begin(self, forwards: Sequence[Forward]) -> list[bool]:
        """Note durably, in one step, that these forwards are about to be sent. May be repeated.

        False for each, and nothing of it noted, one of whose keys is settled, unknown, or in another begun forward.
        """
        ...

    async def make_sure(self) -> None:
        """Asked just before what nobody can take back: returns at once while the store is surely this process's.

        Raises InboxTaken when another process has taken it over.
        """
        ...

    @property
    def is_sure(self) -> bool:
        """Whether the store is surely this process's in this moment: for what cannot wait for `make_sure`."""
        ...

    async def unfinished(self) -> list[Forward]:
        """Forwards that were begun and whose messages have no outcome, in that order: the process died in between."""
        ...

    async def abandon(self, forward_id: str) -> None:
        """Forget a begun forward that Voxta never got; its messages are now held by this process."""
        ...

    async def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        """Record outcomes. The first one for a key wins; False for each that came second or is unknown.

        Like an append it may be repeated when it failed, with the same settlements.
        """
        ...

    async def edit(self, edit: Edit) -> bool:
        """Rewrite a message that has no outcome and is in no begun forward. False otherwise."""
        ...

    async def retract(self, retraction: Retraction, at: float) -> Sequence[Settlement]:
        """Settle as dropped what the retraction names and has no outcome and no begun forward: how each ended."""
        ...

    async def why(self, key: str) -> Record | None:
        """What happened to a message; None when it is unknown or forgotten."""
        ...

    async def waiting(self) -> int:
        """How many messages have no outcome yet."""
        ...

    async def outcomes(self) -> Mapping[Outcome, int]:
        """How many messages ended in each outcome, as far back as the store remembers."""
        ...

    async def trim(self, older_than: float) -> int:
        """Forget settled messages received before this time (seconds since the epoch), and all beyond the
        store's largest count. What has no outcome stays. How many were forgotten."""
        ...

    async def count(self, name: str, key: str) -> int:
        """Count one up for this message, and for it only once: what the counter with this name has come to then.

        Asked again for the same message, also after a restart, it answers the same. A message counts in one counter
        alone. Counters are never forgotten.
        """
        ...

    async def newest(self, limit: int) -> list[AudienceMessage]:
        """The messages that came in last, as they came, newest first."""
        ...

    async def forget(self, authors: Mapping[str, float]) -> int:
        """Delete what authors (`platform:id`) wrote before a time for each, if it has its outcome. How many messages.

        Whoever asks again gets at what had no outcome yet. They are as unknown then as what was trimmed.
        """
        ...

    async def get_note(self, name: str) -> str | None:
        """A small named value that outlives a restart, such as the chat last served."""
        ...

    async def get_notes(self, names: Sequence[str]) -> list[str | None]:
        """The same for several at once."""
        ...

    async def set_note(self, name: str, value: str) -> None: ...


@runtime_checkable
class Copyable(Protocol):
    """A store in a file of its own, which a backup can hold."""

    async def copy_to(self, path: Path) -> None:
        """Copy what is stored at this moment into a new file. Raises InboxError."""


@runtime_checkable
class Watchable(Protocol):
    """A store that has settings of its own, and may fill up."""

    async def troubles(self) -> list[str]:
        """What a person should mend there, one line each. Raises InboxError."""
        ...

    async def remarks(self) -> list[str]:
        """What a person should look at, and may be right as it is. Raises InboxError."""
        ...
