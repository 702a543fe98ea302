"""Which companion a message belongs to, where one account hears the channels of many."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from relay.config.loading import Config
from relay.platforms import listed


@dataclass(frozen=True)
class Routes:
    """The companions of the places where people are heard."""

    owners: Mapping[tuple[str, str], str]
    """By platform and place, the place as settings name it."""

    @classmethod
    def of(cls, companions: Mapping[str, Config]) -> Self:
        """No two companions claim the same place: see `load_fleet`."""
        owners: dict[tuple[str, str], str] = {}
        for name, config in companions.items():
            for info in listed.PLATFORMS:
                section = info.settings(config)
                places = section.listened_to() if section.enabled else ()
                voice = map(str, config.voice.channels) if info.voice is not None else ()
                owners.update(((info.name, place), name) for place in (*places, *voice))
        return cls(MappingProxyType(owners))

    def companion_of(self, platform: str, *places: str) -> str | None:
        """Whose it is; None for nobody's.

        `places` are the names of where it happened, the closest first: an id and the login it stands for, or a thread
        and the channel it is in.
        """
        owners = (self.owners.get((platform, place)) for place in places)
        return next((owner for owner in owners if owner is not None), None)

    def places_of(self, platform: str) -> Mapping[str, Collection[str]]:
        """Where each companion is that is there at all."""
        found: dict[str, set[str]] = {}
        for (where, place), owner in self.owners.items():
            if where == platform:
                found.setdefault(owner, set()).add(place)
        return found
