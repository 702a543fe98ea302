"""Which type of Voxta message each audience message becomes: rules first, then its kind's own; moderators may say."""

from collections.abc import Hashable
from typing import NamedTuple

from relay.commands.parsing import WrongArguments, read
from relay.commands.table import Call, CommandTable
from relay.config import CommandsSection, ForwardingSection, KindRule, RuleSection, Telling
from relay.config.forwarding import MAX_PATTERN
from relay.model import AudienceMessage, Kind, Role, SendAs, expects_reply
from relay.text.patterns import compiled, found
from relay.text.unicode import MAX_INPUT

_TRUSTED = frozenset({Role.STREAMER, Role.MODERATOR})
_COMMANDS = {"say": SendAs.USER} | {
    send_as.value: send_as
    for send_as in (SendAs.EVENT, SendAs.NOTE, SendAs.SECRET, SendAs.NOREPLY, SendAs.STORY, SendAs.INSTRUCTIONS)
}


class _Reading(NamedTuple):
    """What a message was found to be, as long as there are the same commands."""

    message: AudienceMessage
    revision: int
    call: Call | None
    rule: Telling


class Policy:
    """Pure: the same message always gets the same rule."""

    def __init__(self, settings: ForwardingSection, commands: CommandTable | None = None) -> None:
        self._settings = settings
        self._wanted = settings.wanted
        self._commands = commands or CommandTable(CommandsSection(enabled=False))
        self._patterns = {
            rule.pattern: compiled(rule.pattern, longest=MAX_PATTERN) for rule in settings.rules if rule.pattern
        }
        self._last: _Reading | None = None
        """A message is asked about many times in a row."""

    def rule(self, message: AudienceMessage) -> Telling:
        """The rule that applies."""
        return self._read(message).rule

    def _read(self, message: AudienceMessage) -> _Reading:
        last, revision = self._last, self._commands.revision
        if last is not None and last.message is message and last.revision == revision:
            return last
        call = None if self._command(message) is not None else self._commands.call(message)
        reading = _Reading(message, revision, call, self._rule(message, call))
        if message.reward is None:  # which commands rewards stand for changes by itself
            self._last = reading
        return reading

    def _rule(self, message: AudienceMessage, call: Call | None) -> Telling:
        if (command := self._command(message)) is not None:
            return KindRule(send_as=_COMMANDS[command[0]], template="{text}")
        if call is not None and call.command.tell is not None:
            if call.command.tell is not self._settings.kinds[Kind.ASK]:
                return call.command.tell
            message = _judged(message, call)
        return next((r for r in self._settings.rules if self._fits(r, message)), self._settings.kinds[message.kind])

    def wants(self, message: AudienceMessage) -> bool:
        """Whether it may be told at all: neither its kind nor the rule that applies is turned off."""
        return message.kind in self._wanted and self.rule(message).enabled

    def text(self, message: AudienceMessage) -> str:
        """What the message says, without a command."""
        if (command := self._command(message)) is not None:
            return command[1]
        call = self.call(message)
        return message.text if call is None else call.text

    def call(self, message: AudienceMessage) -> Call | None:
        """The viewers' command it calls; None when it calls none, or a moderator's."""
        return self._read(message).call

    def use(self, message: AudienceMessage) -> tuple[str, bool] | None:
        """The viewers' command it calls, by its name, and whether it takes such arguments; None for none."""
        if (call := self.call(message)) is None:
            return None
        try:
            read(call.command.parameters, call.text)
        except WrongArguments:
            return call.command.name, False
        return call.command.name, True

    def is_gone(self, message: AudienceMessage) -> bool:
        """Whether it begins like a viewers' command that there is none of, or no longer."""
        return self._command(message) is None and self._commands.is_gone(message)

    def judged(self, message: AudienceMessage) -> AudienceMessage:
        """The message as the filters judge it: of a command what stands behind its name, which is asked of us."""
        call = self.call(message)
        return message if call is None else _judged(message, call)

    def arguments(self, message: AudienceMessage, text: str) -> dict[str, str]:
        """What its command is told, by the names of the parameters; `text` is what stands behind the name."""
        call = self.call(message)
        try:
            return {} if call is None else read(call.command.parameters, text)
        except WrongArguments:
            return dict.fromkeys((each.name for each in call.command.parameters), "") if call else {}

    def asks(self, message: AudienceMessage) -> bool:
        """Whether Voxta will answer it."""
        rule = self.rule(message)
        return expects_reply(rule.send_as, rule.message)

    def alike(self, message: AudienceMessage) -> Hashable:
        """What messages must have in common to go into one forward."""
        rule = self.rule(message)
        alone = rule.send_as is SendAs.SCRIPT or self._command(message) is not None
        return (rule.send_as, rule.message, rule.interruptible, message.pretended, message.key if alone else None)

    def _command(self, message: AudienceMessage) -> tuple[str, str] | None:
        """A trusted person's `!event …`, as (name, rest); None for everyone else and everything else."""
        if message.kind is not Kind.CHAT or not message.author.roles & _TRUSTED:
            return None
        first, _, rest = message.text.strip().partition(" ")
        name = first.removeprefix(self._settings.command_prefix).casefold()
        return (name, rest) if first != name and name in _COMMANDS and rest.strip() else None

    def _fits(self, rule: RuleSection, message: AudienceMessage) -> bool:
        return (
            (not rule.kinds or message.kind in rule.kinds)
            and (not rule.roles or bool(message.author.roles.intersection(rule.roles)))
            and (not rule.platforms or message.platform in rule.platforms)
            and (rule.addressed is None or message.addressed is rule.addressed)
            and (not rule.at or message.moment in rule.at)
            and (rule.pattern is None or self._matches(rule.pattern, message.text))
        )

    def _matches(self, pattern: str, text: str) -> bool:
        """A pattern that takes too long does not match."""
        try:
            return found(self._patterns[pattern], text[:MAX_INPUT]) is not None
        except TimeoutError:
            return False


def _judged(message: AudienceMessage, call: Call) -> AudienceMessage:
    kind = message.kind if message.kind is Kind.CHEER else Kind.ASK
    return message.model_copy(update={"text": call.text, "kind": kind})
