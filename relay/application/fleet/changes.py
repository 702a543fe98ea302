"""What is new in the settings of a fleet, so that only those it concerns notice."""

from collections.abc import Mapping
from dataclasses import dataclass

from relay.application.adopting import with_live
from relay.application.settings import Fleet
from relay.config.companions import OF_THE_PROCESS
from relay.config.loading import Config


@dataclass(frozen=True)
class CompanionChange:
    """What is new for one companion that was there before."""

    config: Config
    """All its settings, as they are now."""
    sections: tuple[str, ...]
    """In which something is new."""
    is_live: bool
    """Its running relay can be handed them by `adopt`. Otherwise that companion, and no other, begins anew."""


@dataclass(frozen=True)
class FleetChanges:
    """From one reading of the settings to the next."""

    added: Mapping[str, Config]
    removed: tuple[str, ...]
    changed: Mapping[str, CompanionChange]
    process: tuple[str, ...]
    """Sections about the process itself in which something is new, such as `web`."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.process)


def changes(old: Fleet, new: Fleet) -> FleetChanges:
    """Whatever is the same before and after is left out."""
    comparison = _Comparison()
    both = [name for name in new.companions if name in old.companions]
    differing = {name: comparison.sections(old.companions[name], new.companions[name]) for name in both}
    process = comparison.sections(old.process, new.process)
    return FleetChanges(
        added={name: config for name, config in new.companions.items() if name not in old.companions},
        removed=tuple(name for name in old.companions if name not in new.companions),
        changed={
            name: _change(old.companions[name], new.companions[name], sections)
            for name, sections in differing.items()
            if sections
        },
        process=tuple(name for name in process if name in OF_THE_PROCESS),
    )


def _change(old: Config, new: Config, sections: tuple[str, ...]) -> CompanionChange:
    live = with_live(old, new)
    return CompanionChange(new, sections, all(getattr(live, name) == getattr(new, name) for name in sections))


class _Comparison:
    """Compares each two sections once, however many companions share them."""

    def __init__(self) -> None:
        self._differ: dict[tuple[int, int], bool] = {}

    def sections(self, old: Config, new: Config) -> tuple[str, ...]:
        return tuple(name for name, section in old if self._is_new(section, getattr(new, name)))

    def _is_new(self, old: object, new: object) -> bool:
        key = (id(old), id(new))
        if key not in self._differ:
            self._differ[key] = old != new
        return self._differ[key]
