"""Settings that count from one moment to the next, without a restart."""

import logging
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from relay.application.settings.catalogue import KnownSetting, catalogue
from relay.config.loading import Config

if TYPE_CHECKING:  # it loads slowly, and who only compares settings needs none
    from relay.application.composition import Relay

_LIVE: Final = (
    "relay.log_level",
    "commands",
    "forwarding.nicknames",
    "budget.rates",
    "speech.volume",
    "filters",
    "outbound",
    "replies",
)
_NOT: Final = ("commands.prefix", "filters.repeat_within", "filters.paste_viewers")
"""By the prefix each process knows commands; what is remembered of repetitions was remembered by the other two."""


def is_live(setting: KnownSetting) -> bool:
    """Whether it can be changed while the relay runs."""
    return setting.key not in _NOT and (setting.key in _LIVE or setting.section in _LIVE)


@cache
def _live_settings() -> tuple[KnownSetting, ...]:
    return tuple(filter(is_live, catalogue().values()))


def with_live(running: Config, wanted: Config) -> Config:
    """What runs, with what of the wanted settings needs no restart."""
    live: dict[str, dict[str, Any]] = {}
    for setting in _live_settings():
        live.setdefault(setting.section, {})[setting.name] = getattr(getattr(wanted, setting.section), setting.name)
    sections = {name: getattr(running, name).model_copy(update=values) for name, values in live.items()}
    # with the first of them a platform is asked for redemptions, and with the last for none
    rewards = wanted.rewards if running.rewards and wanted.rewards else running.rewards
    return running.model_copy(update={**sections, "rewards": rewards})


async def adopt(relay: "Relay", config: Config) -> None:
    """Let the running relay go by those of these settings that need no restart. What moderators switched stays so."""
    logging.getLogger().setLevel(config.relay.log_level.upper())
    relay.commands.gate.adopt(config.commands, config.rewards)
    relay.addressing.nicknames = config.forwarding.nicknames
    relay.poster.settings = config.replies
    relay.outbound.adopt(config.outbound)
    relay.dialogue.adopt(config)
    relay.dialogue.set_volume(relay.runtime.switches().volume)
    relay.silence.adopt(config)
    relay.forwarder.waiting.adopt(config)
    relay.subtitles.adopt(config)
    if relay.memory is not None:
        relay.memory.adopt(config.filters)
    relay.forwarder.wake()
