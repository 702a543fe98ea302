"""The desk as it is put together: what its pages are shown and what they can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from relay.web.desk.actions import DeskActions
from relay.web.desk.topics import Topics


@dataclass(frozen=True)
class Desk:
    """What fills it stands in `relay/application/desk/`."""

    topics: Topics = field(default_factory=Topics)
    actions: DeskActions = field(default_factory=DeskActions)
    about: Callable[[], Mapping[str, object]] = dict
    """What a page is told first of all, besides who it is: such as the version."""
