"""What of all that is wanted of Twitch a login does not allow."""

from typing import Final

from relay.platforms.info import PlatformWishes
from relay.platforms.twitch import whispers
from relay.platforms.twitch.acts import SCOPES
from relay.platforms.twitch.catalogue import wished
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.rewards import MANAGE
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.sources import left_out

EVERYTHING: Final = PlatformWishes()
_STREAMERS: Final = "channel:"
"""What scopes begin with that no other login than the streamer's can use."""


def unallowed(wishes: PlatformWishes, settings: TwitchSection, connection: TwitchConnection) -> dict[str, list[str]]:
    """Each scope that the login lacks and could use in these channels, with what is missed without it."""
    account = connection.account
    lacking = left_out(wished(wishes.kinds, settings), account, connection.channels)
    lacking |= whispers.lacking(account, is_wanted=settings.whispers)
    done = [(SCOPES[act], f"{act} acts") for act in wishes.acts if act in SCOPES]
    for scope, gives in [*done, *([(MANAGE, "points paid back")] if wishes.rewards else [])]:
        if scope not in account.scopes and (account.id in connection.logins or not scope.startswith(_STREAMERS)):
            lacking.setdefault(scope, []).append(gives)
    return lacking
