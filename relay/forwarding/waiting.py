"""What the forwarder has claimed and not sent: once it is judged it waits in a queue, in the pool, or held."""

from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from relay.commands.explaining import QueuePlace
from relay.commands.gate import CommandGate, Finished, Refusal
from relay.config.loading import Config
from relay.forwarding.chosen import Chosen
from relay.forwarding.held import CAPACITY, HeldMessages
from relay.forwarding.judging import Judging, Tellable
from relay.forwarding.lanes import Batch, Ended, PooledMessage, seen_as
from relay.forwarding.notices import NoticeQueue
from relay.forwarding.policy import Policy
from relay.forwarding.rendering import Pick
from relay.forwarding.selection import Selector
from relay.model import AudienceMessage, Held, Kind, Outcome, PlatformDecision
from relay.moderation.budget import Budget
from relay.moderation.controls import command_in
from relay.moderation.features import features_of
from relay.moderation.quiet import LEFT_OUT
from relay.moderation.switches import Switches
from relay.text.unicode import folded


class Waiting:
    """Has each message judged once, when it comes in. Times are seconds since the epoch, `steady` is monotonic."""

    def __init__(
        self,
        config: Config,
        *,
        policy: Policy,
        budget: Budget,
        commands: CommandGate,
        quiet: Container[str] = (),
        steady: Callable[[], float],
    ) -> None:
        """`quiet` are viewers who asked to be left out, as `platform:id`."""
        self._policy = policy
        self.judging = Judging(config, policy=policy, budget=budget, quiet=quiet, steady=steady)
        self._selector = Selector(config.selection, alike=policy.alike)
        self.oldest = self._selector.oldest
        self._notices = NoticeQueue(config.selection.event_ttl)
        self._commands = commands
        self._held_messages = HeldMessages()
        self.chosen = Chosen()
        self._decided: OrderedDict[str, PlatformDecision] = OrderedDict()
        """Decisions about what has not come yet, by its key."""
        self._hold_for = config.filters.hold_for
        self._ended: list[Ended] = []

    def __len__(self) -> int:
        return len(self._selector) + len(self._notices)

    @property
    def switches(self) -> Switches:
        """What moderators have set."""
        return self.judging.switches

    def apply(self, switches: Switches) -> None:
        """Follow the moderators from now on. What waits of somebody who is muted now does not wait any more."""
        if newly := switches.muted - self.switches.muted:
            self._drop_all(
                lambda each: each.viewer in newly or folded(each.author.name) in newly,
                Outcome.REJECTED,
                "muted by a moderator",
            )
        self.judging.apply(switches)

    def adopt(self, config: Config) -> None:
        """Use these filters and rates from now on."""
        self.judging.adopt(config)
        self._hold_for = config.filters.hold_for

    # In

    def admit(self, messages: Iterable[AudienceMessage], now: float) -> None:
        """Judge messages that have just been claimed."""
        for message in messages:
            if message.told_again:
                self._queue_approved(message, now)
                continue
            if message.kind is Kind.CHAT:
                self._selector.noticed(message, now)
            self._commands.notice(message)
            self._sort(message, now)

    def _sort(self, message: AudienceMessage, now: float) -> None:
        """It is an order for the relay, a use of a command, or something to tell."""
        if command_in(message) is not None:
            self._end(message, Outcome.DROPPED, "a command for the relay")
        elif self._policy.call(message) is not None:
            self._judge(message.model_copy(update={"addressed": True}), now, self._meet)
        elif reason := self.judging.unwanted(message):
            self._end(message, Outcome.REJECTED, reason)
        else:
            self._judge(message, now, self._queue)

    def _meet(self, told: Tellable, now: float) -> None:
        """Somebody uses a command, and the filters have nothing against its text."""
        message = told.message
        met = self._commands.meet(message, told.text, self.judging.too_much)
        if isinstance(met, Refusal) and (message.kind is not Kind.CHEER or met.reason == LEFT_OUT):
            self._end(message, Outcome.REJECTED, met.reason)
        elif isinstance(met, Refusal):  # the filters left too little of a cheer's words
            self._queue(Tellable(message.model_copy(update={"text": ""}), "", told.reading), now)
        else:
            self._queue(told, now)

    def restore(self, picks: Iterable[Pick]) -> None:
        """Messages that were chosen and not sent, or did not arrive: they go first."""
        for pick in reversed(list(picks)):
            if ended := self.chosen.let_go(pick.message.key):
                self._end(pick.message, ended.outcome, ended.reason)
            elif self._policy.asks(pick.message):
                self._selector.restore(pick.message, pick.text, seen_as(pick.message, features_of(pick.text)))
            else:
                self._pass_over(self._notices.add(pick, in_front=True))

    def recheck(self, pick: Pick, current: AudienceMessage, now: float) -> Pick | None:
        """The pick as it stands now. None when its author has edited it into what is refused, or waits anew."""
        is_refused_cheer = pick.message.kind is Kind.CHEER and not pick.message.text  # nobody edits a cheer
        if is_refused_cheer or (current.text == pick.message.text and not self._policy.is_gone(current)):
            return pick
        if command_in(current) is not None or self._policy.use(current) != self._policy.use(pick.message):
            self._sort_anew(current, now)
            return None
        found: list[Pick] = []
        self._judge(current, now, lambda told, _: found.append(_reworded(pick, told)))
        return found[0] if found else None

    def _sort_anew(self, message: AudienceMessage, now: float) -> None:
        """An edit has made something else of what was chosen, which has to be allowed like any other."""
        if ended := self.chosen.let_go(message.key):
            self._ended.append(ended)
        else:
            self._commands.edited(message)
            self._sort(message, now)

    def _judge(self, message: AudienceMessage, now: float, accept: Callable[[Tellable, float], None]) -> None:
        judged = self.judging.judge(message, now)
        if isinstance(judged, Tellable):
            accept(judged, now)
        elif judged.outcome is Outcome.HELD:
            self._hold(message, judged.reason)
        else:
            self._end(message, judged.outcome, judged.reason)

    def _queue(self, told: Tellable, now: float) -> None:
        message, text, reading = told.message, told.text, told.reading
        if (call := self._policy.call(message)) is not None:
            if call.command.do is not None:
                self.finish(self._commands.take(message, text, now))
                return
            reading = features_of(f"{call.command.name} {text}")
        if self._policy.asks(message):
            self._selector.offer(message, text, seen_as(message, reading), now)
        else:
            self._pass_over(self._notices.add(Pick(message, text)))

    def _pass_over(self, pick: Pick | None) -> None:
        if pick is not None:
            self._end(pick.message, Outcome.EXPIRED, "passed over: too many were waiting")

    def _hold(self, message: AudienceMessage, reason: str) -> None:
        """Keep it for a moderator, who may have decided already."""
        spans = self.judging.offending(message)
        if crowded_out := self._held_messages.add(message, reason, message.at + self._hold_for, spans):
            self._end(crowded_out, Outcome.HELD, "nobody decided, and more came")
        if decision := self._decided.pop(message.key, None):
            self.decide(decision, message.at)

    # Out

    def next(self, now: float, *, floor_is_free: bool, spoken_first: bool = False) -> Batch | None:
        """What goes next: what needs no floor first, and nothing that has waited too long.

        `spoken_first`: what was said aloud may go now, whatever else has to wait.
        """
        self.expire(now)
        if spoken_first and (spoken := self._selector.choose_spoken()) is not None:
            return Batch.of(spoken)
        if not (floor_is_free and self._selector.has_first) and self._notices:
            return self.notices(1)[0]
        choice = self._selector.choose(now) if floor_is_free else None
        return Batch.of(choice) if choice else None

    def asks_next(self, *, floor_is_free: bool, spoken_first: bool) -> bool:
        """Whether what goes `next` would ask for an answer."""
        is_chosen = floor_is_free and len(self._selector) > 0 and (self.has_first or not self._notices)
        return is_chosen or (spoken_first and self.has_spoken)

    def notices(self, most: int) -> list[Batch]:
        """What else needs no floor and goes behind the next, at most so many."""
        return [Batch((pick,)) for pick in self._notices.take(most)]

    def told(self, batch: Batch, picks: Sequence[Pick], now: float) -> None:
        """These of the batch's picks are on their way."""
        for pick in picks:
            self.chosen.let_go(pick.message.key)
        if batch.choice:
            self._selector.mark_sent(batch.choice, {pick.message.key for pick in picks}, now)

    @property
    def has_first(self) -> bool:
        """Whether a moderator wants something told as soon as the floor is free."""
        return self._selector.has_first

    @property
    def has_spoken(self) -> bool:
        """Whether somebody waits who said something aloud."""
        return self._selector.has_spoken

    def in_order(self, now: float) -> Iterator[PooledMessage | Pick]:
        """All that waits and is not held, in the order in which it would be heard if nothing more came."""
        ordered = self._selector.in_order(now)
        if self.has_first:
            yield next(ordered)
        yield from self._notices
        yield from ordered

    def expiry(self, waiting: PooledMessage | Pick, now: float) -> float:
        """When one that waits expires."""
        return self._notices.expiry(waiting) if isinstance(waiting, Pick) else self._selector.expiry(waiting, now)

    def put_first(self, key: str) -> bool:
        """Tell this one before all others. Whether it waits."""
        return self._notices.put_first(key) or self._selector.put_first(key)

    def drop(self, key: str, outcome: Outcome, reason: str) -> bool:
        """End one that waits and is not held. Whether it did."""
        if pick := self._notices.remove(key):
            self._end(pick.message, outcome, reason)
        if pick is not None or self._selector.drop(key, outcome, reason):
            return True
        return self.chosen.call_off(lambda message: message.key == key, outcome, reason) > 0

    def take_back(self, concerns: Callable[[AudienceMessage], bool], reason: str) -> None:
        """End all of these, also what is held; whatever is like them from now on is a message of its own."""
        for message in self._held_messages.take(concerns):
            self._end(message, Outcome.DROPPED, reason)
        self._drop_all(concerns, Outcome.DROPPED, reason)

    def _drop_all(self, concerns: Callable[[AudienceMessage], bool], outcome: Outcome, reason: str) -> None:
        for message in [each.message for each in (*self._notices, *self._selector) if concerns(each.message)]:
            self.drop(message.key, outcome, reason)
        self.chosen.call_off(concerns, outcome, reason)

    def place_of(self, key: str, now: float) -> QueuePlace | None:
        """How the message with this key waits; None when it does not."""
        if key in self._held_messages:
            return QueuePlace(self._hold_for, is_held=True)
        return self._notices.place_of(key, now) or self._selector.place_of(key, now)

    def of(self, viewer: str) -> Sequence[str]:
        """The keys of what waits of a viewer, `platform:id`."""
        waiting = [*self._selector.of(viewer), *self._notices.of(viewer), *self._held_messages.of(viewer)]
        return [*waiting, *self.chosen.of(viewer)]

    def is_loud(self, now: float) -> bool:
        return self._selector.is_loud(now)

    def expire(self, now: float) -> None:
        self._selector.expire(now)
        for pick in self._notices.expired(now):
            self._end(pick.message, Outcome.EXPIRED, "waited too long")
        for message in self._held_messages.expired(now - self._hold_for):
            self._end(message, Outcome.HELD, "nobody decided in time")

    def next_expiry(self, now: float) -> float | None:
        """When something expires next."""
        held = self._held_messages.oldest()
        undecided = None if held is None else held + self._hold_for
        times = (self._selector.next_expiry(now), self._notices.next_expiry(), undecided)
        return min((at for at in times if at is not None), default=None)

    def take_ended(self) -> list[Ended]:
        """What ended since the last call, each with its outcome and reason."""
        ended, self._ended = [*self._ended, *self._selector.take_ended()], []
        return ended

    def finish(self, finished: Finished | None) -> None:
        """A use of a command was carried out, or will not be; None while it waits for that."""
        if finished is not None:
            self._end(finished.message, finished.outcome, finished.reason)

    def clear(self, outcome: Outcome, reason: str) -> int:
        """End everything that is not held. How many messages that were."""
        notices = [pick.message for pick in self._notices.clear()]
        everything = [*self._selector.clear(), *notices, *self._commands.clear()]
        for message in everything:
            self._end(message, outcome, reason)
        return len(everything) + self.chosen.call_off(lambda _: True, outcome, reason)

    # Decisions

    def held(self) -> Sequence[Held]:
        return self._held_messages.list()

    def approve(self, held_id: str, now: float, text: str | None = None) -> bool:
        """Let a held message through, with another text where one is given. Raises WordsRefused, and holds it on."""
        message = self._held_messages.get(held_id)
        if message is not None and text is not None:
            self.judging.edit(message, text)
        self._held_messages.pop(held_id)
        if message is not None:
            self._queue_approved(message, now)
        return message is not None

    def _queue_approved(self, message: AudienceMessage, now: float) -> None:
        """A moderator wants it to be told."""
        pick = self.judging.again(message, now)
        self._queue(Tellable(pick.message.model_copy(update={"at": now}), pick.text, features_of(pick.text)), now)

    def reject(self, held_id: str, reason: str) -> bool:
        message = self._held_messages.pop(held_id)
        if message is not None:
            self._end(message, Outcome.REJECTED, reason)
        return message is not None

    def held_message(self, held_id: str) -> AudienceMessage | None:
        """What waits for a decision under this id."""
        return self._held_messages.get(held_id)

    def decide(self, decision: PlatformDecision, now: float) -> None:
        """Do as its platform has decided. What has not come yet is decided when it comes."""
        held_id = self._held_messages.id_of(decision.key)
        if held_id is None:
            self._decided[decision.key] = decision
            if len(self._decided) > CAPACITY:
                self._decided.popitem(last=False)
        elif decision.is_approved:
            self.approve(held_id, now)
        elif message := self._held_messages.pop(held_id):
            outcome = Outcome.HELD if decision.is_approved is None else Outcome.REJECTED
            self._end(message, outcome, decision.reason)

    def give_up_held(self, reason: str) -> None:
        """The run ends: what is held ends as held."""
        for message in self._held_messages.clear():
            self._end(message, Outcome.HELD, reason)

    def _end(self, message: AudienceMessage, outcome: Outcome, reason: str) -> None:
        self._ended.append(Ended(message, outcome, reason))


def _reworded(pick: Pick, told: Tellable) -> Pick:
    """Who wrote the same as its author has not written what that was edited into."""
    return Pick(told.message, told.text, pick.others if told.text == pick.text else 0)
