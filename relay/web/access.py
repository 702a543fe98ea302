"""Who else may come in: links for moderators, and addresses that do one act when they are opened.

Each has a secret of its own, which is shown once and kept only as its hash: in a file that only its owner may read, or
in the store that the machines share on which a relay may run.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from pydantic import Field, JsonValue, ValidationError

from relay.errors import ConfigError, RelayError
from relay.model.base import Value
from relay.system.cancellation import to_its_end
from relay.system.private_files import write_private
from relay.text.unicode import one_line

log = logging.getLogger(__name__)

MAX_LINKS: Final = 100
"""Links at a time, of both kinds together."""
MAX_NAME: Final = 40
"""Characters of a link's name."""
NOTED_EVERY: Final = 60.0
"""Seconds between two notes of when a link was used: on disk it may be so much too old."""
NOTE: Final = "links"
"""Under which the store has them."""


class FixedAct(Value):
    """What a press-once address does: one action of the desk with all it takes."""

    do: str
    fields: dict[str, JsonValue] = Field(default_factory=dict)


class AccessLink(Value):
    """One way in, without its secret. Times are seconds since the epoch."""

    id: str
    name: str
    """Whom it was made for; the audit log has it."""
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    """SHA-256 of the secret. It has 256 random bits, so nothing slower is needed."""
    created: float
    used: float | None = None
    act: FixedAct | None = None
    """What a press-once address does; a moderator's link has none."""


class _Kept(Value):
    links: tuple[AccessLink, ...] = ()


class AccessLinks:
    """All links of one relay. One that is withdrawn ends at once, with all that is open by it."""

    def __init__(self, file: Path, *, wall: Callable[[], float] = time.time) -> None:
        """Raises ConfigError when the file cannot be read."""
        self._file = file
        self._wall = wall
        self._saving = asyncio.Lock()
        self._open: dict[str, set[asyncio.Timeout]] = {}
        self._take(_read(file).links)

    def all(self) -> Sequence[AccessLink]:
        """Oldest first."""
        return list(self._links.values())

    def find(self, secret: str) -> AccessLink | None:
        """The link with this secret; it takes as long for a wrong one."""
        digest = _digest(secret)
        found = [link for link in self._links.values() if hmac.compare_digest(link.digest, digest)]
        return found[0] if found else None

    async def create(self, name: str, act: FixedAct | None = None) -> tuple[AccessLink, str]:
        """A new link and its secret, which nobody can be told again.

        Raises ValueError for a name that is missing, too long or taken, and OSError when it cannot be kept.
        """
        name = self._free_name(name)
        secret = secrets.token_urlsafe(32)
        link = AccessLink(id=secrets.token_hex(4), name=name, digest=_digest(secret), created=self._wall(), act=act)
        self._links[link.id] = link
        try:
            await self._save()
        except OSError:
            self._links.pop(link.id, None)
            raise
        return link, secret

    async def withdraw(self, link_id: str) -> AccessLink | None:
        """End a link; None when there is no such. Raises OSError when it would come back with the next start."""
        link = self._links.pop(link_id, None)
        if link is None:
            return None
        for use in self._open.pop(link_id, ()):
            use.reschedule(0.0)
        await to_its_end(self._save())
        return link

    @contextmanager
    def in_use(self, link: AccessLink, use: asyncio.Timeout) -> Iterator[None]:
        """For as long as something is open by a link: a withdrawal makes `use` expire."""
        uses = self._open.setdefault(link.id, set())
        uses.add(use)
        try:
            yield
        finally:
            uses.discard(use)

    async def note_use(self, link: AccessLink) -> None:
        """It is used now. That it cannot be written down is no reason to keep somebody out."""
        now = self._wall()
        if link.id not in self._links:
            return
        self._links[link.id] = link.model_copy(update={"used": now})
        if abs(now - self._noted.get(link.id, 0.0)) < NOTED_EVERY:
            return
        self._noted[link.id] = now
        try:
            await self._save()
        except OSError as error:
            log.warning("when links were used cannot be written down: %s", error)

    def _free_name(self, name: str) -> str:
        name = one_line(name).strip()
        if not 0 < len(name) <= MAX_NAME:
            raise ValueError(f"a name has 1 to {MAX_NAME} characters")
        if name.casefold() in {link.name.casefold() for link in self._links.values()}:
            raise ValueError(f"there is a link named {name!r} already: take another name, or withdraw that one")
        if len(self._links) >= MAX_LINKS:
            raise ValueError(f"there are {MAX_LINKS} links, which is the most: withdraw one that nobody needs")
        return name

    def _take(self, links: Iterable[AccessLink]) -> None:
        self._links = {link.id: link for link in links}
        self._noted = {link.id: link.used or 0.0 for link in self._links.values()}

    async def _save(self) -> None:
        async with self._saving:
            await to_its_end(self._write(self._text()))  # or the next one would be overtaken

    def _text(self) -> str:
        return _Kept(links=tuple(self._links.values())).model_dump_json(indent=1)

    async def _write(self, text: str) -> None:
        await asyncio.to_thread(write_private, self._file, text)


class LinkNotes(Protocol):
    """What the links need of the store; see Inbox. Each raises InboxError."""

    async def get_note(self, name: str) -> str | None: ...

    async def set_note(self, name: str, value: str) -> None: ...


class SharedLinks(AccessLinks):
    """Those of a relay that may go on elsewhere, with other files; to be read before they are used."""

    def __init__(self, file: Path, notes: LinkNotes) -> None:
        super().__init__(file)
        self._notes = notes

    async def read(self) -> None:
        """As they are in the store. Those of this machine's file move there, so that none comes back that is withdrawn.

        Raises ConfigError and InboxError.
        """
        own, kept = self.all(), await self._notes.get_note(NOTE)
        self._take([*(_Kept.model_validate_json(kept).links if kept else ()), *own])
        if not own:
            return
        await self._notes.set_note(NOTE, self._text())
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{self._file}: remove it, as its links are in Redis now ({error.strerror})") from None

    async def _write(self, text: str) -> None:
        try:
            await self._notes.set_note(NOTE, text)
        except RelayError as error:
            raise OSError(str(error)) from error


def _read(file: Path) -> _Kept:
    try:
        return _Kept.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return _Kept()
    except OSError as error:
        raise ConfigError(f"{file}: the moderators' links cannot be read ({error.strerror})") from None
    except ValidationError:
        raise ConfigError(f"{file} is damaged: remove it, and make the links for moderators and keys anew") from None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
