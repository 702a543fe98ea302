"""What people do on Discord, as the relay's values. Pure: reads discord.py's objects, calls nothing."""

from collections.abc import Iterable, Sequence
from typing import Final

import discord

from relay.model import AudienceMessage, Author, Edit, Kind, Quoted, Retraction, Role
from relay.platforms.discord.contents import wording
from relay.platforms.discord.markup import Names, readable
from relay.platforms.discord.settings import PLATFORM
from relay.text.naming import calls

_WRITTEN: Final = (discord.MessageType.default, discord.MessageType.reply)
"""The types of message a person writes; all others are Discord's own notices."""


class Listening:
    """Which messages are for the relay. What is chosen may change while it runs."""

    def __init__(self, channels: Iterable[int]) -> None:
        self.choose(channels)

    def choose(self, channels: Iterable[int]) -> None:
        """Listen to these, and to no others."""
        self.ordered = tuple(dict.fromkeys(channels))
        self.channels = frozenset(self.ordered)

    def covers(self, place: object) -> bool:
        """Whether it is a chosen channel, or a thread of one."""
        return getattr(place, "id", None) in self.channels or getattr(place, "parent_id", None) in self.channels

    def wants(self, message: discord.Message) -> bool:
        """Whether a person wrote it, in a chosen channel."""
        by_person = not message.author.bot and message.webhook_id is None and message.type in _WRITTEN
        return by_person and self.covers(message.channel)


def places_of(place: object) -> tuple[str, ...]:
    """A channel, or a thread and the channel it is in."""
    ids = (getattr(place, "id", None), getattr(place, "parent_id", None) if isinstance(place, discord.Thread) else None)
    return tuple(str(id) for id in ids if id is not None)


def _within(place: object) -> str | None:
    return str(place.parent_id) if isinstance(place, discord.Thread) else None


def is_addressed(message: discord.Message, me: int) -> bool:
    """Whether it mentions the bot, or the role Discord made for it, names it, or replies to what it wrote."""
    if any(person.id == me for person in message.mentions) or calls(message.content, _names_of(message.guild)):
        return True
    if any(role.tags is not None and role.tags.bot_id == me for role in message.role_mentions):
        return True
    original = original_of(message)
    return original is not None and original.author.id == me


def original_of(message: discord.Message) -> discord.Message | None:
    """What it replies to, as far as that is still there."""
    original = message.reference.resolved if message.reference is not None else None
    return original if isinstance(original, discord.Message) else None


def _names_of(guild: discord.Guild | None) -> set[str]:
    """What people there may call the bot: its own name, and the one that the server shows."""
    bot = guild.me if guild is not None else None
    return {bot.name, bot.global_name or bot.name, bot.display_name} if bot is not None else set()


def read_message(message: discord.Message, me: int, at: float) -> AudienceMessage:
    """What somebody wrote or sent, at `at` by this machine's clock."""
    told = wording(message)
    return AudienceMessage(
        platform=PLATFORM,
        id=str(message.id),
        channel=str(message.channel.id),
        within=_within(message.channel),
        kind=Kind.CHAT,
        author=read_author(message.author, message.guild),
        text=told.text,
        is_action=told.is_action,
        at=at,
        addressed=is_addressed(message, me),
        reply_to=str(message.id),
        replies_to=_quoted(message, me),
    )


def _quoted(message: discord.Message, me: int) -> Quoted | None:
    original = original_of(message)
    if original is None:
        return None
    author = None if original.author.id == me else read_author(_author(original, message), original.guild)
    return Quoted.of(author, wording(original).text)


def _author(original: discord.Message, reply: discord.Message) -> discord.User | discord.Member:
    """Discord tells the user alone there. Replies mention them by default, and that as a member of the server."""
    people = [original.author, *(person for person in reply.mentions if person == original.author)]
    return next((person for person in people if isinstance(person, discord.Member)), original.author)


def read_question(use: discord.Interaction[discord.Client], question: str, names: Names, at: float) -> AudienceMessage:
    """A use of `/ask` at `at` by this machine's clock. There is no message that an answer could reply to."""
    return read_use(use, question, names, at).model_copy(update={"kind": Kind.ASK})


def read_use(use: discord.Interaction[discord.Client], text: str, names: Names, at: float) -> AudienceMessage:
    """A use of a command, as if its text were written in the channel."""
    return AudienceMessage(
        platform=PLATFORM,
        id=str(use.id),
        channel=str(use.channel_id),
        within=_within(use.channel),
        kind=Kind.CHAT,
        author=read_author(use.user, use.guild),
        text=readable(text, names),
        at=at,
        addressed=True,
        is_unseen=True,
    )


def read_edit(message: discord.Message) -> Edit | None:
    """What a message is now; None when nobody changed it: Discord also adds previews of links this way."""
    if message.edited_at is None:
        return None
    told, places = wording(message), places_of(message.channel)
    return Edit(platform=PLATFORM, id=str(message.id), text=told.text, is_action=told.is_action, places=places)


def deleted(message_id: int, places: Sequence[str]) -> Retraction:
    return _retraction("deleted on discord", places, id=str(message_id))


def channel_deleted(channel_id: int, within: int | None = None) -> Retraction:
    places = [str(id) for id in (channel_id, within) if id is not None]
    return _retraction("channel deleted on discord", places, channel=str(channel_id))


def banned(author_id: int, places: Sequence[str]) -> Retraction:
    return _retraction("author banned on discord", places, author_id=str(author_id))


def timed_out(author_id: int, places: Sequence[str]) -> Retraction:
    return _retraction("author timed out on discord", places, author_id=str(author_id))


def _retraction(reason: str, places: Sequence[str], **whose: str) -> Retraction:
    return Retraction(platform=PLATFORM, reason=reason, places=tuple(places), **whose)


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
