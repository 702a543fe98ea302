"""Whether a message may be told, and in which words: what the settings, the moderators and the filters say to it."""

from collections import OrderedDict
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from relay.config.loading import Config
from relay.forwarding.follows import ToldFollows
from relay.forwarding.held import CAPACITY
from relay.forwarding.policy import Policy
from relay.forwarding.rendering import Pick
from relay.model import AudienceMessage, Outcome
from relay.moderation.budget import Budget, not_in_mode
from relay.moderation.features import TextFeatures
from relay.moderation.inbound import Inbound, Verdict
from relay.moderation.quiet import LEFT_OUT
from relay.moderation.switches import Switches
from relay.moderation.switching import WordsRefused
from relay.text.for_pages import for_pages
from relay.text.obfuscation import Span


@dataclass(frozen=True, slots=True)
class Tellable:
    """A message that may be told."""

    message: AudienceMessage
    """Without what it names of others that may not be heard."""
    text: str
    """What is told."""
    reading: TextFeatures


class Judging:
    """Follows the settings and the moderators. `steady` is monotonic."""

    def __init__(
        self,
        config: Config,
        *,
        policy: Policy,
        budget: Budget,
        quiet: Container[str] = (),
        steady: Callable[[], float],
    ) -> None:
        """`quiet` are viewers who asked to be left out, as `platform:id`."""
        self._policy = policy
        self._inbound = Inbound(config.filters)
        self._budget = budget
        self._quiet = quiet
        self._steady = steady
        self._edited: OrderedDict[tuple[str, str], str] = OrderedDict()
        """What moderators have made of texts that were held, by key and text: its author may write another one."""
        self.follows = ToldFollows()
        self.switches = Switches()

    def apply(self, switches: Switches) -> None:
        """Follow the moderators from now on."""
        self.switches = switches
        self._budget.apply(switches, self._steady())

    def adopt(self, config: Config) -> None:
        """Use these filters and rates from now on."""
        self._inbound.adopt(config.filters)
        self._budget.adopt(config.budget)
        self._budget.apply(self.switches, self._steady())

    def recognise(self, message: AudienceMessage) -> None:
        """Somebody wrote this before the restart."""
        if self._inbound.knows(message.viewer):  # judging thousands would halt everybody
            return
        judged = self._policy.judged(message)
        if self._inbound.readable(judged, self.switches) is not None:  # what is refused makes nobody known
            self._inbound.recognise(judged)

    def unwanted(self, message: AudienceMessage) -> str | None:
        """Why it is not told, whatever it says; None when that decides."""
        return self.too_much(message) if self._policy.wants(message) else for_pages("turned off in the settings")

    def too_much(self, message: AudienceMessage) -> str | None:
        """Why nothing of its author is told now, also where it is wanted; None when it is."""
        if message.viewer in self._quiet:
            return LEFT_OUT
        return (
            self._budget.admit(message, self._steady())
            or not_in_mode(message, self.switches.mode)
            or self.follows.refuses(message)
        )

    def judge(self, message: AudienceMessage, now: float) -> Tellable | Verdict:
        """What the filters say, in seconds since the epoch, and they remember it."""
        judgement = self._inbound.judge(self._policy.judged(message), self.switches, now)
        verdict = judgement.verdict
        if message.withheld is not None and (verdict is None or verdict.outcome is Outcome.HELD):
            return Verdict(Outcome.HELD, message.withheld.reason)
        if verdict is not None:
            return verdict
        told = self._inbound.of_others(message, self.switches)
        return Tellable(told, self._said(message, judgement.text), judgement.reading)

    def again(self, message: AudienceMessage, now: float) -> Pick:
        """A message that was let through before, as it is told."""
        told = message.model_copy(update={"text": self._edited.get((message.key, message.text), message.text)})
        judgement = self._inbound.judge(self._policy.judged(told), self.switches, now)
        return Pick(self._inbound.of_others(message, self.switches), self._said(message, judgement.text))

    def foreseen(self, message: AudienceMessage) -> Pick | None:
        """What may be about to be said, as it would be told; None when it would not be. Nothing of it is remembered."""
        if self.switches.paused or message.viewer in self._quiet:
            return None
        text = self._inbound.readable(message, self.switches)
        return Pick(message, text) if text else None

    def offending(self, message: AudienceMessage) -> Sequence[Span]:
        """Where in its text stands what it may be held for."""
        return self._inbound.offending(message, self.switches)

    def edit(self, message: AudienceMessage, text: str) -> None:
        """A moderator wants it told in other words. Raises WordsRefused."""
        if reason := self._inbound.refuses(message.model_copy(update={"text": text}), self.switches):
            raise WordsRefused(f"The filters refuse that as well: {reason}.")
        self._edited[message.key, message.text] = text
        if len(self._edited) > CAPACITY:
            self._edited.popitem(last=False)

    def _said(self, message: AudienceMessage, text: str) -> str:
        if self._policy.call(message) is not None:
            return text
        return self._policy.text(message if text == message.text else message.model_copy(update={"text": text}))
