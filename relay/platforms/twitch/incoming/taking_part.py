"""What the audience takes part in: hype trains, polls, predictions and goals, each told at its moments and once.

The ids are made of the thing and its moment rather than of the notification: Twitch tells of a level with each
contribution, and of the end of a poll again when it is archived (https://github.com/twitchdev/issues/issues/749).
"""

from collections.abc import Iterable

from twitchio import (
    BaseChannelPoll,
    BaseChannelPrediction,
    BaseHypeTrain,
    ChannelPollBegin,
    ChannelPollEnd,
    ChannelPredictionBegin,
    ChannelPredictionEnd,
    ChannelPredictionLock,
    GoalBegin,
    GoalEnd,
    GoalProgress,
    HypeTrainBegin,
    HypeTrainEnd,
    HypeTrainProgress,
)
from twitchio.models.eventsub_ import BaseGoal

from relay.model import AudienceMessage, Kind
from relay.platforms.twitch.incoming.draft import Reader, of_streamer

_TRAINS = {"golden_kappa": "Golden Kappa train", "treasure": "treasure train"}
_GOALS = {
    "follow": "followers",
    "subscription": "subscription points",
    "subscription_count": "subscriptions",
    "new_subscription": "new subscription points",
    "new_subscription_count": "new subscriptions",
    "new_bit": "bits",
    "new_cheerer": "cheerers",
}
"""What a goal counts: https://dev.twitch.tv/docs/eventsub/eventsub-reference/#goals-event"""


# Hype trains


def train_begins(event: HypeTrainBegin, account: str, now: float) -> AudienceMessage:
    return _train(event, now, "begin", f"level-{event.level}")


def train_goes_on(event: HypeTrainProgress, account: str, now: float) -> AudienceMessage | None:
    """Only a new level is news; the first one came with the begin."""
    return _train(event, now, "level", f"level-{event.level}") if event.level > 1 else None


def train_ends(event: HypeTrainEnd, account: str, now: float) -> AudienceMessage:
    return _train(event, now, "end", "end")


def _train(event: BaseHypeTrain, now: float, moment: str, part: str) -> AudienceMessage:
    return of_streamer(
        event,
        now,
        Kind.HYPE_TRAIN,
        id=f"hype-train-{event.id}-{part}",
        moment=moment,
        amount=event.level,
        detail=_TRAINS.get(event.type, "hype train"),
    )


# Polls


def poll_begins(event: ChannelPollBegin, account: str, now: float) -> AudienceMessage:
    return _poll(event, now, "begin", detail=_listed(choice.title for choice in event.choices))


def poll_ends(event: ChannelPollEnd, account: str, now: float) -> AudienceMessage:
    """With the winner, and its share of the votes in percent."""
    if event.status == "archived":  # without having ended before, else this is told already
        return _poll(event, now, "cancel", "end")
    votes = {choice.title: choice.votes or 0 for choice in event.choices}
    most, cast = max(votes.values(), default=0), sum(votes.values())
    if not cast:
        return _poll(event, now, "void", "end")
    winners = [title for title, count in votes.items() if count == most]
    moment = "end" if len(winners) == 1 else "tie"
    return _poll(event, now, moment, "end", detail=_listed(winners), amount=round(100 * most / cast))


def _poll(event: BaseChannelPoll, now: float, moment: str, part: str = "", **more: object) -> AudienceMessage:
    return of_streamer(
        event, now, Kind.POLL, id=f"poll-{event.id}-{part or moment}", moment=moment, text=event.title, **more
    )


# Predictions


def prediction_begins(event: ChannelPredictionBegin, account: str, now: float) -> AudienceMessage:
    return _prediction(event, now, "begin", detail=_listed(outcome.title for outcome in event.outcomes))


def prediction_locks(event: ChannelPredictionLock, account: str, now: float) -> AudienceMessage:
    """With how many take part."""
    people = sum(outcome.users or 0 for outcome in event.outcomes)
    outcomes = _listed(outcome.title for outcome in event.outcomes)
    return _prediction(event, now, "lock", detail=outcomes, amount=people)


def prediction_ends(event: ChannelPredictionEnd, account: str, now: float) -> AudienceMessage:
    """With the outcome that came true, and how many foresaw it."""
    won = event.winning_outcome
    if event.status == "canceled" or won is None:
        return _prediction(event, now, "cancel", "end")
    return _prediction(event, now, "end", detail=won.title, amount=won.users or 0)


def _prediction(
    event: BaseChannelPrediction, now: float, moment: str, part: str = "", **more: object
) -> AudienceMessage:
    id = f"prediction-{event.id}-{part or moment}"
    return of_streamer(event, now, Kind.PREDICTION, id=id, moment=moment, text=event.title, **more)


# Goals


def goal_begins(event: GoalBegin, account: str, now: float) -> AudienceMessage:
    return _goal(event, now, "begin")


def goal_progresses(event: GoalProgress, account: str, now: float) -> AudienceMessage | None:
    """Only that it is reached is news."""
    return _goal(event, now, "reached", "end") if event.current_amount >= event.target_amount else None


def goal_ends(event: GoalEnd, account: str, now: float) -> AudienceMessage:
    return _goal(event, now, "reached" if event.achieved else "end", "end")


def _goal(event: BaseGoal, now: float, moment: str, part: str = "") -> AudienceMessage:
    return of_streamer(
        event,
        now,
        Kind.GOAL,
        id=f"goal-{event.id}-{part or moment}",
        moment=moment,
        text=event.description or "",
        amount=event.target_amount,
        detail=_GOALS.get(event.type, event.type),
    )


def _listed(titles: Iterable[str]) -> str:
    """As people say it: one, two and three."""
    *others, last = list(titles) or [""]
    return f"{', '.join(others)} and {last}" if others else last


READERS: dict[type, Reader] = {
    HypeTrainBegin: train_begins,
    HypeTrainProgress: train_goes_on,
    HypeTrainEnd: train_ends,
    ChannelPollBegin: poll_begins,
    ChannelPollEnd: poll_ends,
    ChannelPredictionBegin: prediction_begins,
    ChannelPredictionLock: prediction_locks,
    ChannelPredictionEnd: prediction_ends,
    GoalBegin: goal_begins,
    GoalProgress: goal_progresses,
    GoalEnd: goal_ends,
}
