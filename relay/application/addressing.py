"""Who speaks to the companion: the one place that decides it, for all platforms."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from relay.commands.table import CommandTable
from relay.model import AudienceMessage, Kind
from relay.moderation.controls import command_in
from relay.platforms.base import Named, Platform, Selective
from relay.text.naming import calls
from relay.voxta.chat import JoinedChat


class Addressing:
    """Follows what the companion is called: its nicknames, the characters of the chat, its account on a platform.

    Platforms mark what only they can tell: a mention of the account, and a reply to it.
    """

    def __init__(
        self,
        nicknames: Sequence[str],
        chat: Callable[[], JoinedChat | None],
        platforms: Callable[[], Sequence[Platform]],
        commands: CommandTable,
    ) -> None:
        self.nicknames = nicknames
        self._chat = chat
        self._platforms = platforms
        self._commands = commands
        self.last_known: Sequence[str] = ()
        """The characters of the chat that was last joined, for as long as none is."""

    def marked(self, message: AudienceMessage) -> AudienceMessage:
        """The message as it is known to speak to the companion, or not to."""
        if message.addressed or not calls(message.text, self._names(message.platform)):
            return message
        return message.model_copy(update={"addressed": True})

    def is_wanted(self, marked: AudienceMessage) -> bool:
        """Whether its platform is to bring it: some are set to hear only what is said to the companion."""
        if marked.kind is not Kind.CHAT or marked.addressed or marked.platform not in self._selective:
            return True
        return command_in(marked) is not None or self._commands.call(marked) is not None

    def characters(self) -> Sequence[str]:
        """Who takes part in the chat."""
        if (chat := self._chat()) is not None:
            self.last_known = [person.name for person in chat.characters]
        return self.last_known

    def _names(self, platform: str) -> Sequence[str]:
        return [*self.nicknames, *self.characters(), *self._accounts(platform)]

    def _accounts(self, platform: str) -> Sequence[str]:
        return [name for each in self._named.get(platform, ()) for name in each.names()]

    @cached_property
    def _named(self) -> Mapping[str, Sequence[Named]]:
        """By the name of the platform."""
        return {each.name: [each] for each in self._platforms() if isinstance(each, Named)}

    @cached_property
    def _selective(self) -> frozenset[str]:
        """The names of the platforms that are set so."""
        return frozenset(each.name for each in self._platforms() if isinstance(each, Selective) and each.addressed_only)
