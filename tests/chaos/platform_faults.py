"""What can go wrong with Twitch and Discord. Each fault happens, and is over when its function returns."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.chaos.platforms import Street, StreetFault
from tests.doubles.discord.faults import LoseReply
from tests.doubles.discord.faults import Refuse as DiscordRefuses
from tests.doubles.twitch.faults import LoseAnswer, Refuse

Act = Callable[[Street], Awaitable[None]]


async def _drop(street: Street) -> None:
    street.way.drop()


async def _desert(street: Street) -> None:
    street.way.desert()


async def _half_a_frame(street: Street) -> None:
    street.way.cut_at(b"", 0.5)


async def _away(street: Street) -> None:
    await street.way.stay_away(3.0)


async def _silent_at_the_door(street: Street) -> None:
    await street.way.accept_in_silence(4.0)


def _twitch_closes(code: int) -> Act:
    async def close(street: Street) -> None:
        await street.twitch.close_socket(code)

    return close


async def _twitch_falls_silent(street: Street) -> None:
    """Without the sign of life that Twitch promises every ten seconds; the fault lasts until it is overdue."""
    for session in street.twitch.sessions.current:
        session.silent = True
    await asyncio.sleep(street.twitch.sessions.keepalive or 10.0)


async def _twitch_moves(street: Street) -> None:
    await street.twitch.reconnect()


async def _twitch_forgets(street: Street) -> None:
    """The socket is cut, and Twitch fails when the relay subscribes again."""
    street.twitch.fail_next("eventsub/subscriptions", 503, times=4)
    await street.twitch.drop_socket()


def _twitch_refuses(status: int) -> Act:
    async def refuse(street: Street) -> None:
        street.twitch.faults.append(Refuse("chat/messages", 2, status=status))

    return refuse


async def _twitch_loses_answer(street: Street) -> None:
    street.twitch.faults.append(LoseAnswer("chat/messages"))


def _discord_closes(code: int) -> Act:
    async def close(street: Street) -> None:
        await street.discord.gateway.close_sockets(code)

    return close


def _discord_invalidates(resumable: bool) -> Act:
    async def invalidate(street: Street) -> None:
        await street.discord.invalidate_session(resumable)

    return invalidate


async def _discord_asks_to_reconnect(street: Street) -> None:
    await street.discord.request_reconnect()


async def _discord_forgets(street: Street) -> None:
    await street.discord.drop_socket(forget=True)


def _discord_refuses(status: int) -> Act:
    async def refuse(street: Street) -> None:
        street.discord.fail(DiscordRefuses("/messages", status, 2))

    return refuse


async def _discord_loses_answer(street: Street) -> None:
    street.discord.fail(LoseReply("/messages"))


CUTS = (
    StreetFault("Twitch: connection reset", "twitch", _drop, deafens=True),
    StreetFault("Twitch: half a frame", "twitch", _half_a_frame, deafens=True),
    StreetFault("Twitch: closes with 4000", "twitch", _twitch_closes(4000), deafens=True),
    StreetFault("Twitch: closes with 4003", "twitch", _twitch_closes(4003), deafens=True),
    StreetFault("Twitch: asks to move", "twitch", _twitch_moves),
    StreetFault("Twitch: half-open connection", "twitch", _desert, deafens=True),
    StreetFault("Twitch: silent", "twitch", _twitch_falls_silent, deafens=True),
    StreetFault("Twitch: nobody there for 3 s", "twitch", _away, deafens=True),
    StreetFault("Twitch: accepts and says nothing for 4 s", "twitch", _silent_at_the_door, deafens=True),
    StreetFault("Twitch: cut, then 503 on subscribing", "twitch", _twitch_forgets, deafens=True),
    StreetFault("Discord: connections reset", "discord", _drop),
    StreetFault("Discord: half a frame", "discord", _half_a_frame),
    StreetFault("Discord: closes with 4000", "discord", _discord_closes(4000)),
    StreetFault("Discord: closes with 1000", "discord", _discord_closes(1000)),
    StreetFault("Discord: asks to reconnect (op 7)", "discord", _discord_asks_to_reconnect),
    StreetFault("Discord: session resumable (op 9)", "discord", _discord_invalidates(True)),
    StreetFault("Discord: session ended (op 9)", "discord", _discord_invalidates(False), rare=True),
    StreetFault("Discord: cut, then session ended", "discord", _discord_forgets, rare=True),
    StreetFault("Discord: half-open connections", "discord", _desert),
    StreetFault("Discord: nobody there for 3 s", "discord", _away, rare=True),
    StreetFault("Discord: accepts and says nothing for 4 s", "discord", _silent_at_the_door),
)
REFUSALS = (
    StreetFault("Twitch: posting fails with 500", "twitch", _twitch_refuses(500)),
    StreetFault("Twitch: posting fails with 503", "twitch", _twitch_refuses(503)),
    StreetFault("Twitch: posted, answer lost", "twitch", _twitch_loses_answer),
    StreetFault("Discord: posting fails with 500", "discord", _discord_refuses(500)),
    StreetFault("Discord: posting fails with 503", "discord", _discord_refuses(503)),
    StreetFault("Discord: posted, answer lost", "discord", _discord_loses_answer),
)
