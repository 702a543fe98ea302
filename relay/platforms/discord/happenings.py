"""What happens on a server besides messages: reactions, who joins or boosts, planned events, stages, polls that end."""

import asyncio
import logging
import zlib
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

import discord

from relay.model import AudienceMessage, Author, Kind, Quoted
from relay.platforms.clock import PlatformClock
from relay.platforms.discord.incoming import Listening, read_author
from relay.platforms.discord.polls import read_result
from relay.platforms.discord.settings import PLATFORM
from relay.text.for_pages import for_pages

log = logging.getLogger(__name__)

_LEVELS: Final = {
    discord.MessageType.premium_guild_subscription: None,
    discord.MessageType.premium_guild_tier_1: 1,
    discord.MessageType.premium_guild_tier_2: 2,
    discord.MessageType.premium_guild_tier_3: 3,
}
"""The notices that a boost makes, and the level the server reaches with it. Message resource, "Message Types"."""
_MOMENTS: Final = {
    discord.EventStatus.scheduled: "planned",
    discord.EventStatus.active: "begin",
    discord.EventStatus.completed: "end",
    discord.EventStatus.cancelled: "cancel",
}
JOINED_WITHIN: Final = 120.0
"""Seconds since somebody joined; Discord also tells of people who are long there ("Guild Member Add")."""


class Happenings:
    """Puts into the intake what is wanted of it."""

    def __init__(
        self,
        client: discord.Client,
        listening: Listening,
        put: Callable[[AudienceMessage], object],
        clock: PlatformClock,
        wanted: Collection[Kind],
    ) -> None:
        self._client = client
        self._listening = listening
        self._put = put
        self._clock = clock
        self._wanted = frozenset(wanted)
        readers: dict[Kind, dict[str, Callable[..., None]]] = {
            Kind.REACTION: {"raw_reaction_add": self._reaction},
            Kind.MEMBER: {"member_join": self._join},
            Kind.SCHEDULED_EVENT: {
                "scheduled_event_create": self._tell_event,
                "scheduled_event_update": self._event_changed,
                "scheduled_event_delete": self._event_deleted,
            },
            Kind.STAGE: {
                "stage_instance_create": self._stage_opens,
                "stage_instance_update": self._stage_changes,
                "stage_instance_delete": self._stage_closes,
            },
        }
        self._readers = {event: reader for kind in readers.keys() & wanted for event, reader in readers[kind].items()}

    def read(self, event: str, *about: Any) -> None:
        """discord.py announces something; to be called at once, since it changes its objects with what comes next."""
        if (reader := self._readers.get(event)) is not None:
            try:
                reader(*about)
            except Exception:
                log.exception("discord: %s could not be read", event)

    def missing(self) -> str | None:
        """What is wanted and Discord does not tell, with the fix."""
        if Kind.MEMBER in self._wanted and not self._client.intents.members:
            return for_pages(
                "is not told who joins: tick Server Members Intent where the token is, and start the relay again"
            )
        return None

    def notice(self, notice: discord.Message, at: float) -> AudienceMessage | None:
        """What a notice of Discord's tells; None when it is of another kind, elsewhere, or not wanted."""
        if notice.type is not discord.MessageType.poll_result:
            return self._boost(notice, at)
        is_ours = Kind.POLL in self._wanted and self._listening.covers(notice.channel) and not notice.author.bot
        return read_result(notice, at) if is_ours else None

    def _boost(self, notice: discord.Message, at: float) -> AudienceMessage | None:
        guild = notice.guild
        if Kind.BOOST not in self._wanted or notice.type not in _LEVELS or guild is None:
            return None
        if (place := self._place(guild, notice.channel.id)) is None:
            return None
        level = _LEVELS[notice.type]
        return AudienceMessage(
            platform=PLATFORM,
            id=str(notice.id),
            channel=place,
            kind=Kind.BOOST,
            author=read_author(notice.author, guild),
            amount=level if level is not None else int(notice.content) if notice.content.isdecimal() else 1,
            detail=guild.name,
            moment="level" if level is not None else None,
            at=at,
            reply_to=str(notice.id) if place == str(notice.channel.id) else None,
        )

    def _reaction(self, event: discord.RawReactionActionEvent) -> None:
        person = event.member
        if person is None or person.bot or not self._listening.covers(self._client.get_channel(event.channel_id)):
            return
        me = self._client.user.id if self._client.user is not None else 0
        to_us = event.message_author_id == me
        self._tell(
            Kind.REACTION,
            f"reaction:{event.message_id}:{person.id}:{event.emoji.id or event.emoji.name}",
            str(event.channel_id),
            read_author(person, person.guild),
            detail=event.emoji.name if event.emoji.id is None else f":{event.emoji.name}:",
            reply_to=str(event.message_id),
            replies_to=Quoted(author=None, text="") if to_us else None,
        )

    def _join(self, member: discord.Member) -> None:
        joined = member.joined_at.timestamp() if member.joined_at is not None else 0.0
        if member.bot or self._clock.now() - joined > JOINED_WITHIN:
            return
        id = f"join:{member.guild.id}:{member.id}:{joined:.0f}"
        guild = member.guild
        self._tell(Kind.MEMBER, id, self._place(guild), read_author(member, guild), detail=guild.name)

    def _event_changed(self, before: discord.ScheduledEvent, after: discord.ScheduledEvent) -> None:
        if before.status is not after.status or before.start_time != after.start_time:
            self._tell_event(after)

    def _event_deleted(self, event: discord.ScheduledEvent) -> None:
        if event.status is discord.EventStatus.scheduled:
            self._tell_event(event, "cancel")

    def _tell_event(self, event: discord.ScheduledEvent, moment: str | None = None) -> None:
        guild, moment = event.guild, moment or _MOMENTS.get(event.status)
        if guild is None or moment is None:
            return
        author = read_author(event.creator, guild) if event.creator is not None else _itself(guild)
        id = f"event:{event.id}:{moment}:{event.start_time.timestamp():.0f}"
        place, begin = self._place(guild), _shown(event.start_time)
        self._tell(Kind.SCHEDULED_EVENT, id, place, author, text=event.name, detail=begin, moment=moment)

    def _stage_opens(self, stage: discord.StageInstance) -> None:
        self._tell_stage(stage, "begin")

    def _stage_changes(self, before: discord.StageInstance, after: discord.StageInstance) -> None:
        if before.topic != after.topic:
            self._tell_stage(after, "topic")

    def _stage_closes(self, stage: discord.StageInstance) -> None:
        self._tell_stage(stage, "end")

    def _tell_stage(self, stage: discord.StageInstance, moment: str) -> None:
        guild, name = stage.guild, stage.channel.name if stage.channel is not None else "a stage"
        id = f"stage:{stage.id}:{moment}:{zlib.crc32(stage.topic.encode()):x}"
        self._tell(Kind.STAGE, id, self._place(guild), _itself(guild), text=stage.topic, detail=name, moment=moment)

    def _tell(self, kind: Kind, id: str, channel: str | None, author: Author, **more: Any) -> None:
        """Nothing, where the server has no chosen channel."""
        if channel is not None:
            fields = {"platform": PLATFORM, "id": id, "channel": channel, "kind": kind, "author": author}
            message = AudienceMessage(**fields, at=self._clock.arrived(), **more)
            # messages that came before are put by handlers that are about to begin
            asyncio.get_running_loop().call_soon(self._put, message)

    def _place(self, guild: discord.Guild, preferred: int = 0) -> str | None:
        """The channel where an answer belongs: the first chosen one of this server that people can write in."""
        there = [id for id in sorted(self._listening.channels) if guild.get_channel(id) is not None]
        open_ = [id for id in there if not isinstance(guild.get_channel(id), discord.ForumChannel)]
        found = preferred if preferred in there else next(iter(open_ or there), None)
        return str(found) if found is not None else None


def _itself(guild: discord.Guild) -> Author:
    """Who acts where Discord names nobody."""
    return Author(id=str(guild.id), name=guild.name, is_nobody=True)


def _shown(at: datetime) -> str:
    return at.strftime("%d %B %Y %H:%M UTC")
