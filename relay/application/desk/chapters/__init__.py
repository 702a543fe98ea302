"""The chapters of the guided set-up, in the order a first visit goes through them."""

from collections.abc import Sequence

from relay.application.desk.chapters.answering import answering
from relay.application.desk.chapters.floor import FLOOR
from relay.application.desk.chapters.obs import OBS
from relay.application.desk.chapters.platforms import platform_chapters
from relay.application.desk.chapters.room import ROOM
from relay.application.desk.connecting import Chapter


def all_chapters(own_url: str = "") -> Sequence[Chapter]:
    """`own_url` is where the relay's own companion listens; empty where it runs none."""
    return (answering(own_url), *platform_chapters(), OBS, FLOOR, ROOM)
