"""Who talks in a voice channel, as the relay knows people."""

import discord

from relay.model import Role, Talker
from relay.platforms.discord.incoming import read_author
from relay.platforms.discord.voice.channels import Channel


class KnownTalkers:
    """Those who were heard, also when they have left meanwhile."""

    def __init__(self, streamer: int | None) -> None:
        self._streamer = streamer
        self._known: dict[int, Talker] = {}

    def find(self, user: int, channel: Channel | None) -> Talker:
        """Who it is, by their id; `channel` is where they talk, as far as anybody knows."""
        for member in channel.members if channel is not None else ():
            if channel is not None and member.id == user:
                self._known[user] = self._read(member, channel)
        return self._known.get(user) or Talker(name="someone", is_streamer=user == self._streamer, id=str(user))

    def _read(self, member: discord.Member, channel: Channel) -> Talker:
        author = read_author(member, member.guild)
        is_streamer = member.id == self._streamer
        return Talker(
            name=author.name,
            is_streamer=is_streamer,
            id=author.id,
            roles=author.roles | {Role.STREAMER} if is_streamer else author.roles,
            channel=str(channel.id),
        )
