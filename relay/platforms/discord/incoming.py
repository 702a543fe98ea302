"""What people do on Discord, as the relay's values. Pure: reads discord.py's objects, calls nothing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import discord

from relay.model import AudienceMessage, Author, Edit, Kind, Retraction, Role
from relay.platforms.discord.settings import PLATFORM, DiscordSection
from relay.text.naming import calls

_WRITTEN: Final = (discord.MessageType.default, discord.MessageType.reply)
"""The types of message a person writes; all others are Discord's own notices."""


@dataclass(frozen=True)
class Listening:
    """Which messages are for the relay."""

    channels: frozenset[int]

    @classmethod
    def to(cls, settings: DiscordSection) -> "Listening":
        return cls(frozenset(settings.channels))

    def covers(self, place: object) -> bool:
        """Whether it is a chosen channel, or a thread of one."""
        return getattr(place, "id", None) in self.channels or getattr(place, "parent_id", None) in self.channels

    def wants(self, message: discord.Message) -> bool:
        """Whether a person wrote it, in a chosen channel."""
        by_person = not message.author.bot and message.webhook_id is None and message.type in _WRITTEN
        return by_person and self.covers(message.channel)


def is_addressed(message: discord.Message, me: int) -> bool:
    """Whether it mentions the bot, or the role Discord made for it, names it, or replies to what it wrote."""
    if any(person.id == me for person in message.mentions) or calls(message.content, _names_of(message.guild)):
        return True
    if any(role.tags is not None and role.tags.bot_id == me for role in message.role_mentions):
        return True
    original = message.reference.resolved if message.reference is not None else None
    return isinstance(original, discord.Message) and original.author.id == me


def _names_of(guild: discord.Guild | None) -> set[str]:
    """What people there may call the bot: its own name, and the one that the server shows."""
    bot = guild.me if guild is not None else None
    return {bot.name, bot.global_name or bot.name, bot.display_name} if bot is not None else set()


def read_message(message: discord.Message, me: int, at: float) -> AudienceMessage | None:
    """A chat message, written at `at` by this machine's clock; None when it has no text, such as a picture alone."""
    text = message_text(message)
    if not text:
        return None
    return AudienceMessage(
        platform=PLATFORM,
        id=str(message.id),
        channel=str(message.channel.id),
        kind=Kind.CHAT,
        author=read_author(message.author, message.guild),
        text=text,
        at=at,
        addressed=is_addressed(message, me),
        reply_to=str(message.id),
    )


def read_question(interaction: discord.Interaction[discord.Client], question: str, at: float) -> AudienceMessage:
    """A use of `/ask` at `at` by this machine's clock. There is no message that an answer could reply to."""
    return AudienceMessage(
        platform=PLATFORM,
        id=str(interaction.id),
        channel=str(interaction.channel_id),
        kind=Kind.ASK,
        author=read_author(interaction.user, interaction.guild),
        text=readable(question, {}, interaction.guild),
        at=at,
        addressed=True,
    )


def read_edit(message: discord.Message) -> Edit | None:
    """The new text of a message; None when nobody changed it: Discord also adds previews of links this way."""
    if message.edited_at is None:
        return None
    return Edit(platform=PLATFORM, id=str(message.id), text=message_text(message))


def deleted(message_id: int) -> Retraction:
    return Retraction(platform=PLATFORM, reason="deleted on discord", id=str(message_id))


def channel_deleted(channel_id: int) -> Retraction:
    return Retraction(platform=PLATFORM, reason="channel deleted on discord", channel=str(channel_id))


def banned(author_id: int) -> Retraction:
    return Retraction(platform=PLATFORM, reason="author banned on discord", author_id=str(author_id))


def timed_out(author_id: int) -> Retraction:
    return Retraction(platform=PLATFORM, reason="author timed out on discord", author_id=str(author_id))


def read_author(person: discord.User | discord.Member, guild: discord.Guild | None) -> Author:
    return Author(id=str(person.id), name=person.display_name, roles=frozenset(_roles(person, guild)))


def _roles(person: discord.User | discord.Member, guild: discord.Guild | None) -> set[Role]:
    roles = set[Role]()
    if person.bot:
        roles.add(Role.BOT)
    if guild is not None and guild.owner_id == person.id:
        roles.add(Role.STREAMER)
    if isinstance(person, discord.Member):
        permissions = person.guild_permissions
        if permissions.manage_messages or permissions.moderate_members:
            roles.add(Role.MODERATOR)
        if person.premium_since is not None:
            roles.add(Role.SUBSCRIBER)
    return roles or {Role.VIEWER}


def message_text(message: discord.Message) -> str:
    names = {person.id: person.display_name for person in message.mentions}
    return readable(message.content, names, message.guild)


_MARKUP: Final = re.compile(
    r"<(?:@!?(?P<person>\d+)|@&(?P<role>\d+)|#(?P<channel>\d+)|a?:(?P<emoji>\w+):\d+"
    r"|/(?P<command>[^:<>]+):\d+|t:(?P<time>-?\d+)(?::\w)?)>"
)


def readable(text: str, people: Mapping[int, str], guild: discord.Guild | None) -> str:
    """Replace Discord's markup for mentions, custom emoji, commands and times by what its app would show."""
    names = _Names(people, guild)
    shown: dict[str, Callable[[str], str]] = {
        "person": lambda id: f"@{names.person(int(id))}",
        "role": lambda id: f"@{names.role(int(id))}",
        "channel": lambda id: f"#{names.channel(int(id))}",
        "emoji": lambda name: f":{name}:",
        "command": lambda name: f"/{name}",
        "time": _show_time,
    }

    def show(match: re.Match[str]) -> str:
        kind = match.lastgroup
        return shown[kind](match[kind]) if kind is not None else match[0]

    return _MARKUP.sub(show, text).strip()


@dataclass(frozen=True)
class _Names:
    people: Mapping[int, str]
    guild: discord.Guild | None

    def person(self, id: int) -> str:
        member = self.guild.get_member(id) if self.guild is not None else None
        return self.people.get(id) or (member.display_name if member is not None else "someone")

    def role(self, id: int) -> str:
        role = self.guild.get_role(id) if self.guild is not None else None
        return role.name if role is not None else "role"

    def channel(self, id: int) -> str:
        channel = self.guild.get_channel_or_thread(id) if self.guild is not None else None
        return channel.name if channel is not None else "channel"


def _show_time(seconds: str) -> str:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return seconds
