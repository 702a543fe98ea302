"""What becomes of the platforms' points that viewers spend."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from relay.config.actions import ActionSection
from relay.config.base import Section, written
from relay.config.forwarding import fields_in


class OfferSection(Section):
    """How a reward is offered that the relay is to create."""

    cost: int = Field(ge=1)
    prompt: str = Field("", max_length=200)
    color: Annotated[str, written(r"(#[0-9A-Fa-f]{6})?", "a colour such as #9147ff")] = ""
    per_stream: int | None = Field(None, ge=1)
    per_viewer: int | None = Field(None, ge=1)
    cooldown: int | None = Field(None, ge=1)


class RewardSection(ActionSection):
    """What is done when somebody redeems one reward."""

    reward: str = Field(min_length=1, max_length=64)
    cooldown: float = Field(0.0, ge=0)
    viewer_cooldown: float = Field(0.0, ge=0)
    cooldown_from: Literal["redemption", "speech"] = "redemption"
    per_stream: int | None = Field(None, ge=1)
    settle: bool = True
    create: OfferSection | None = None

    @model_validator(mode="after")
    def _has_known_fields(self) -> Self:
        self.check_templates()
        return self

    @property
    def is_settled(self) -> bool:
        """Whether the relay fulfils and refunds it. Where it does nothing, it cannot know what the streamer does."""
        return self.settle and not self.is_nothing

    @property
    def takes_text(self) -> bool:
        """Whether viewers write something when they redeem it: what is done uses it, or a script has a prompt."""
        if self.script or self.is_nothing:
            return bool(self.create and self.create.prompt)
        return any(not fields_in(template).isdisjoint(("text", "quote")) for template in self.templates)


def _check_names(rewards: tuple[RewardSection, ...]) -> tuple[RewardSection, ...]:
    known: set[str] = set()
    for reward in rewards:
        name = reward.reward.casefold()
        if name in known:
            raise ValueError(f"two entries are for the reward {reward.reward!r}; leave one out")
        known.add(name)
    return rewards


RewardSections = Annotated[tuple[RewardSection, ...], AfterValidator(_check_names), Field(max_length=100)]


class RedemptionsSection(Section):
    """What the relay does with the rewards it has created."""

    pause_when: tuple[Literal["offline", "away"], ...] = ("offline", "away")
