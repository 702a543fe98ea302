"""Who is mentioned in what people type into a command: Discord may tell only their ids there."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

import discord

from relay.platforms.discord.interactions import Use
from relay.platforms.discord.markup import MARKUP, Names
from relay.platforms.discord.outgoing import FAILURES

LOOKED_UP: Final = 5
"""People in one text whose names are asked for."""
WITHIN: Final = 1.0
"""Seconds to ask for all of them, of the three in which a command has to be answered."""


async def names_in(use: Use, text: str) -> Names:
    """The names in a text of somebody who uses a command; never raises."""
    data: Mapping[str, Any] = dict(use.data or {})
    people = dict(_resolved(data.get("resolved") or {}))
    mentioned = {int(match["person"]) for match in MARKUP.finditer(text) if match["person"]}
    unknown = sorted(mentioned - people.keys())[:LOOKED_UP]
    if use.guild is not None and unknown:
        found = await asyncio.gather(*(_name(use.guild, id) for id in unknown))
        people |= {id: name for id, name in zip(unknown, found, strict=True) if name}
    return Names(use.guild, use.created_at, people)


def _resolved(data: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Receiving and Responding, "Resolved Data Structure": members come without their users."""
    members = data.get("members") or {}
    for id, user in (data.get("users") or {}).items():
        nick = (members.get(id) or {}).get("nick")
        yield int(id), nick or user.get("global_name") or user["username"]


async def _name(guild: discord.Guild, id: int) -> str | None:
    if (known := guild.get_member(id)) is not None:
        return known.display_name
    try:
        async with asyncio.timeout(WITHIN):
            return (await guild.fetch_member(id)).display_name
    except FAILURES:
        return None
