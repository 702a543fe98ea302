"""All commands there are, by name; who brought them along can take them back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from relay.commands.definition import Command
from relay.commands.offered import OfferedCommands
from relay.commands.parsing import WrongArguments, called, read, written
from relay.commands.rewards import RewardTable
from relay.config import CommandsSection
from relay.model import AudienceMessage, CommandInfo, Kind, Role

OWNER: Final = "settings"
"""Who brings the streamer's own commands along."""


@dataclass(frozen=True, slots=True)
class Call:
    """A command somebody has called, whether or not the arguments fit."""

    command: Command
    text: str
    """All that stands behind the name."""


def _is_paid(call: Call, cheer: AudienceMessage) -> bool:
    if not 0 < call.command.bits <= (cheer.amount or 0):
        return False
    try:
        read(call.command.parameters, call.text)
    except WrongArguments:
        return False
    return True


class CommandTable(OfferedCommands):
    """Finds the command in a message."""

    def __init__(self, settings: CommandsSection, rewards: RewardTable | None = None) -> None:
        super().__init__(settings.prefix)
        self.rewards = rewards or RewardTable()
        self._brought: dict[tuple[str, str], Command] = {}
        """By who brought it along, and its name. A name that several want is the first one's, then the next one's."""
        self._commands: dict[str, Command] = {}
        """What is offered, by each of its names."""
        self.adopt(settings)

    def __iter__(self) -> Iterator[Command]:
        """Each command once, in the order they came."""
        return iter({command.name: command for command in self._commands.values()}.values())

    def adopt(self, settings: CommandsSection) -> None:
        """Offer what these settings have, from now on; the streamer's own commands go before all others."""
        self._is_enabled = settings.enabled
        self._others = frozenset(settings.others)
        own = {(OWNER, each.name): Command.of(each, settings.viewer_cooldown) for each in settings.own}
        self._brought = own | {key: command for key, command in self._brought.items() if key[0] != OWNER}
        self._offer()

    def register(self, command: Command, owner: str) -> None:
        """Offer a command under those of its names that are free, now or later.

        The same owner may bring it along again, which replaces it.
        """
        self._brought.pop((owner, command.name), None)
        self._brought[owner, command.name] = command
        self._offer()

    def forget(self, owner: str, name: str | None = None) -> None:
        """Take back what somebody brought along; with a name, only that command."""
        for key in [key for key in self._brought if key[0] == owner and name in (None, key[1])]:
            del self._brought[key]
        self._offer()

    def is_free(self, name: str, owner: str) -> bool:
        """Whether this owner can offer a command of that name."""
        if not self._is_enabled or name in self._others:
            return False
        return all(whose == owner or name not in command.names for (whose, _), command in self._brought.items())

    def _offer(self) -> None:
        """Announced where it is not what was offered before."""
        found: dict[str, Command] = {}
        for command in self._brought.values() if self._is_enabled else ():
            free = [name for name in command.names if name not in self._others and name not in found]
            if free:
                found |= dict.fromkeys(free, replace(command, name=free[0], aliases=tuple(free[1:])))
        if found != self._commands:
            self._commands = found
            self._announce()

    def offered(self) -> Sequence[CommandInfo]:
        """What everybody can be offered; what costs bits can only be cheered. The relay's own have all their names."""
        commands = [command for command in self if not command.bits]
        others = [(command.info, alias) for command in commands if command.is_personal for alias in command.aliases]
        return [each.info for each in commands] + [info.model_copy(update={"name": alias}) for info, alias in others]

    def written(self, name: str, arguments: Mapping[str, str]) -> str:
        """A use of a command as it would be written in chat; "" for an argument that is left out."""
        command = self.named(name)
        return f"{self.prefix}{name} {written(command.parameters, arguments) if command else ''}".strip()

    def named(self, name: str) -> Command | None:
        return self._commands.get(name.lower().removeprefix(self.prefix))

    def call(self, message: AudienceMessage) -> Call | None:
        """The command a message calls, or what its reward stands for; None when it is none of ours.

        The same message always calls the same. A cheer calls only what its bits pay for and its words fit; any other
        one stays the cheer it is.
        """
        call = self.meant(message)
        return None if call is None or (message.kind is Kind.CHEER and not _is_paid(call, message)) else call

    def meant(self, message: AudienceMessage) -> Call | None:
        """The same of a cheer that pays too little, or has the wrong words."""
        if message.reward is not None and (redeemed := self.rewards.command(message.reward)):
            return Call(redeemed, message.text)
        if message.kind not in (Kind.CHAT, Kind.CHEER) or Role.BOT in message.author.roles:
            return None
        words = called(message.text, self.prefix)
        found = self._commands.get(words[0]) if words else None
        return None if words is None or found is None else Call(found, words[1])

    def is_gone(self, message: AudienceMessage) -> bool:
        """Whether it begins like a command and calls none, as when the command was taken back meanwhile."""
        words = called(message.text, self.prefix) if message.kind is Kind.CHAT else None
        return words is not None and words[0][0].isalnum() and self.meant(message) is None
