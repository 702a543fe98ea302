"""How the voice gateway leads the bot through end-to-end encryption, step by step."""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from tests.doubles.discord import voice_dave as dave
from tests.doubles.discord.voice_dave import Group
from tests.doubles.discord.voice_socket import Connection

PLAIN, VERSION = 0, 1
"""Protocol versions."""


class EndToEnd:
    """The encryption of one connection of the bot."""

    def __init__(self, connection: Connection, group: Group, people: Callable[[], Sequence[int]], held: bool) -> None:
        self._connection = connection
        self._people = people
        self._transition = 0
        self._package = b""
        self._joining: tuple[int, bytes] | None = None
        """Who waits for the bot's commit, and the proposal it was asked to carry out."""
        self.group = group
        self.held = held
        """The bot is not let into the group, so it is not ready, until `release`."""
        self.bot_commits = False
        """Whether the bot's commit wins over those of people."""
        self.executed: list[int] = []
        """Transitions the bot was ready for."""
        self.invalid = 0
        """How often the bot refused a commit or a welcome."""

    async def begin(self) -> None:
        await self._connection.send_binary(dave.EXTERNAL_SENDER, self.group.sender.package)

    async def told(self, op: int, data: Any) -> None:
        if op == dave.TRANSITION_READY:
            self.executed.append(data["transition_id"])
            await self._connection.send(dave.EXECUTE_TRANSITION, {"transition_id": data["transition_id"]})
        elif op == dave.INVALID_COMMIT:
            self.invalid += 1

    async def told_binary(self, op: int, body: bytes) -> None:
        if op == dave.KEY_PACKAGE:
            self._package = body
            await self._found()
        elif op == dave.COMMIT_WELCOME and self.bot_commits and self._joining is not None:
            (person, proposal), self._joining = self._joining, None
            commit = self.group.accept(body, proposal, person)
            await self._announce(dave.ANNOUNCE_COMMIT, commit)

    async def _found(self) -> None:
        if self.held:
            return
        welcome = self.group.found(self._people(), self._package)
        if welcome is not None:
            await self._announce(dave.WELCOME, welcome)

    async def release(self) -> None:
        """Let the bot in after all."""
        self.held = False
        if self._package:
            await self._found()

    async def _announce(self, op: int, body: bytes) -> None:
        self._transition += 1
        await self._connection.send_binary(op, struct.pack(">H", self._transition) + body)

    async def joined(self, person: int) -> None:
        if not self._package:
            return
        if not self.group.has_bot and not self.bot_commits:
            return await self._found()
        proposal = self.group.propose_join(person)
        await self._connection.send_binary(dave.PROPOSALS, proposal)
        if self.bot_commits:
            self._joining = person, proposal
        else:
            await self._announce(dave.ANNOUNCE_COMMIT, self.group.commit(proposal, joining=person))

    async def left(self, person: int) -> None:
        """When the last person leaves, the bot stays behind in a group of its own."""
        if not self.group.has_bot:
            return
        proposal = self.group.propose_leave(person)
        if self._people():
            await self._connection.send_binary(dave.PROPOSALS, proposal)
            await self._announce(dave.ANNOUNCE_COMMIT, self.group.commit(proposal))
        else:
            await self.restart()

    async def restart(self) -> None:
        """A new epoch: the bot has to bring a new key package, and is not ready until it is let in."""
        self._package = b""
        await self._connection.send(dave.PREPARE_EPOCH, {"protocol_version": VERSION, "epoch": 1})

    async def downgrade(self) -> None:
        """Somebody came who cannot encrypt: the call goes on in the clear."""
        self._transition += 1
        change = {"transition_id": self._transition, "protocol_version": PLAIN}
        await self._connection.send(dave.PREPARE_TRANSITION, change)
