"""`relay rewards`: what viewers can spend points on, and creating what the settings offer."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from relay.config import RewardSection
from relay.config.loading import Config
from relay.errors import ConfigError, RelayError
from relay.platforms import listed
from relay.platforms.base import ChannelReward, ChannelRewards
from relay.platforms.info import PlatformInfo

NOT_OURS = "not made by the relay, so it can neither fulfil nor refund nor pause it"


async def overview(config: Config) -> AsyncIterator[str]:
    """The rewards of each platform, a line each, and those that the settings alone know."""
    for info in with_rewards(config):
        async with _reached(info, config) as rewards:
            known = await rewards.list()
        yield f"{info.label}:" if known else f"{info.label}: no rewards yet"
        for reward in known:
            yield _line(reward, config.rewards)
        for line in _unknown(config.rewards, known):
            yield line


async def create(config: Config) -> AsyncIterator[str]:
    """Offer what the settings want offered and is not yet, and say what became of each."""
    offered = [section for section in config.rewards if section.create is not None]
    if not offered:
        raise ConfigError("no entry of [[rewards]] says how to offer it: add create = { cost = 300 } to one")
    for info in with_rewards(config):
        async with _reached(info, config) as rewards:
            known = {reward.title.casefold(): reward for reward in await rewards.list()}
            for section in offered:
                yield await _created(rewards, section, known.get(section.reward.casefold()))


async def check(info: PlatformInfo[Any], config: Config) -> str:
    """One line when the login may settle rewards. Raises AuthError or PlatformError."""
    async with _reached(info, config) as rewards:
        await rewards.check()
        known = await rewards.list()
    lacking = list(_unknown(config.rewards, known))
    ours = sum(reward.is_ours for reward in known)
    return "; ".join([f"{len(known)} rewards, {ours} made by the relay", *(line.strip() for line in lacking)])


def with_rewards(config: Config) -> Sequence[PlatformInfo[Any]]:
    """The platforms that are listened to and have rewards. Raises ConfigError when there is none."""
    found = [info for info in listed.enabled(config) if info.rewards is not None]
    if not found:
        names = ", ".join(info.name for info in listed.PLATFORMS if info.rewards is not None)
        raise ConfigError(f"no platform with rewards is enabled: enable {names}")
    return found


def _reached(info: PlatformInfo[Any], config: Config) -> Any:
    assert info.rewards is not None
    return info.rewards(info.settings(config), config.relay.data_dir)


async def _created(rewards: ChannelRewards, section: RewardSection, known: ChannelReward | None) -> str:
    assert section.create is not None
    if known is not None and known.is_ours:
        return f"{known.title} is there already"
    if known is not None:
        return f"{known.title} is there already, but {NOT_OURS}: delete it on the platform, and run this again"
    try:
        made = await rewards.create(section.reward, section.create, takes_text=section.takes_text)
    except RelayError as error:
        if error.retryable:
            raise
        return f"{section.reward} was not created: {error}"
    return f"created {made.title} for {made.cost} points"


def _line(reward: ChannelReward, sections: Sequence[RewardSection]) -> str:
    section = next((each for each in sections if _is_for(each, reward)), None)
    remarks = [
        "made by the relay" if reward.is_ours else NOT_OURS,
        *(["paused"] if reward.is_paused else []),
        *([] if reward.is_enabled else ["turned off"]),
        _does(section),
    ]
    return f"  {reward.title} ({reward.cost}, id {reward.id}): {'; '.join(remarks)}"


def _does(section: RewardSection | None) -> str:
    if section is None:
        return "told as all redemptions are"
    done = [name for name in ("tell", "script", "act", "count", "choose", "answer") if getattr(section, name)]
    return f"the settings say {' and '.join(done)}" if done else "the settings say to do nothing"


def _unknown(sections: Sequence[RewardSection], known: Sequence[ChannelReward]) -> Iterator[str]:
    for section in sections:
        if not any(_is_for(section, reward) for reward in known):
            how = "`relay rewards create` makes it" if section.create else "check the title, or give it create = {…}"
            yield f"  {section.reward}: in the settings only; {how}"


def _is_for(section: RewardSection, reward: ChannelReward) -> bool:
    return section.reward.casefold() in (reward.id.casefold(), reward.title.casefold())
