"""What the settings want done when a reward is redeemed: the same as for a command, found by the reward."""

from collections.abc import Iterable, Sequence

from relay.commands.definition import Command
from relay.config import RewardSection, Telling
from relay.model import Reward, SendAs

_TOLD = ("author", "platform", "text", "detail")


class RewardTable:
    """Finds the entry for a reward, by its id or its title."""

    def __init__(self, sections: Iterable[RewardSection] = ()) -> None:
        self._sections = {section.reward.casefold(): section for section in sections}
        self._commands = {name: _command(section) for name, section in self._sections.items()}

    @property
    def names(self) -> Sequence[str]:
        """What the settings call those that have an entry."""
        return [section.reward for section in self._sections.values()]

    def section(self, reward: Reward) -> RewardSection | None:
        """The entry for it; None when there is none."""
        return self._sections.get(_name(reward, self._sections))

    def command(self, reward: Reward) -> Command | None:
        """What is done with it; None when it is told as all are."""
        return self._commands.get(_name(reward, self._commands))


def _name(reward: Reward, known: Iterable[str]) -> str:
    return next((name for name in (reward.id.casefold(), reward.title.casefold()) if name in known), "")


def _command(section: RewardSection) -> Command:
    tell = section.tell
    if section.script:
        arguments = {name: f"{{{name}}}" for name in _TOLD}
        tell = Telling(send_as=SendAs.SCRIPT, template="{author}{quote}", script=section.script, arguments=arguments)
    return Command(
        name=f"reward {section.reward}",
        title=section.reward,
        tell=tell,
        do=None if tell else section,
        cooldown=section.cooldown,
        viewer_cooldown=section.viewer_cooldown,
        rests_from_speech=section.cooldown_from == "speech",
        per_stream=section.per_stream,
    )
