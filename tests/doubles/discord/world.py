"""What exists on the local Discord: guilds, channels, people and messages, as Discord describes them."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.discord.clock import Clock, created, timestamp

Json = dict[str, Any]

MESSAGE_CONTENT_LIMITED = 1 << 19
GUILD_MEMBERS_LIMITED = 1 << 15
"""Application flags: what the owner ticked in the developer portal."""

MANAGE_MESSAGES, MODERATE_MEMBERS, MANAGE_GUILD = 1 << 13, 1 << 40, 1 << 5
VIEW_CHANNEL, SEND_MESSAGES, READ_HISTORY, CONNECT, SPEAK = 1 << 10, 1 << 11, 1 << 16, 1 << 20, 1 << 21
"""Permissions, "Bitwise Permission Flags"."""
EVERYONE = VIEW_CHANNEL | SEND_MESSAGES | READ_HISTORY

TEXT, PUBLIC_THREAD, VOICE, STAGE, FORUM = 0, 11, 2, 13, 15
"""Channel resource, "Channel Types"."""

ROLE = 0
"""Channel resource, "Overwrite Structure": the type of who an overwrite is for."""


@dataclass
class Person:
    id: str
    name: str
    nick: str | None = None
    global_name: str | None = None
    bot: bool = False
    moderator: bool = False
    booster: bool = False
    timed_out_until: float | None = None

    def user(self) -> Json:
        """User resource, "User Object"."""
        return {
            "id": self.id, "username": self.name, "global_name": self.global_name, "discriminator": "0", "avatar": None,
            "bot": self.bot, "public_flags": 0,
        }  # fmt: skip


@dataclass
class Channel:
    id: str
    name: str
    type: int = TEXT
    parent: str | None = None
    guild: str = ""


@dataclass
class World:
    """State and payloads; sends nothing."""

    application_flags: int = MESSAGE_CONTENT_LIMITED
    people: dict[str, Person] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: dict[str, Json] = field(default_factory=dict)
    everyone: int = EVERYONE
    """What everybody may do."""
    bot_permissions: int = EVERYONE | CONNECT | SPEAK
    is_invited: bool = True
    """Whether the bot is on the server."""
    hidden: set[str] = field(default_factory=set)
    """Channels the bot may not see."""
    voice_states: dict[str, Json] = field(default_factory=dict)
    """Of everybody in a voice channel, by user id; of the bot also by user and guild."""
    clock: Clock = field(default_factory=Clock)
    _ids: int = 0

    def __post_init__(self) -> None:
        self.guild_id = self.new_id()
        self.guilds = [self.guild_id]
        """All the bot is in; everybody is in each of them."""
        self.moderators = self.new_id()
        self.bot_role = self.new_id()
        self.application_id = self.new_id()
        self.bot = Person(self.application_id, "relay-bot", bot=True)
        self.owner = self.person("owner")

    def new_id(self) -> str:
        """A snowflake of now. Reference, "Snowflake ID Format Structure": for every id the increment goes up."""
        self._ids += 1
        return str(self.clock.snowflake() + self._ids)

    def add_guild(self, shard: int = 0, of: int = 1) -> str:
        """One more, which this shard of so many is told of; to be called before a client connects."""
        id = int(self.new_id())
        while (guild := str(id)) in self.guilds or shard_of(guild, of) != shard:
            id -= 1 << 22
        self.guilds.append(guild)
        return guild

    def person(self, name: str, **traits: Any) -> Person:
        """The person of that name, new or changed."""
        person = self.people.setdefault(name, Person(self.new_id(), name))
        for trait, value in traits.items():
            setattr(person, trait, value)
        return person

    def add_channel(
        self, name: str, type: int = TEXT, parent: str | None = None, id: str | None = None, guild: str | None = None
    ) -> Channel:
        home = self.channels[parent].guild if parent is not None else guild or self.guild_id
        channel = Channel(id or self.new_id(), name, type, parent, home)
        self.channels[channel.id] = channel
        return channel

    def bot_may(self, permission: int) -> bool:
        """Permissions, "Permission Hierarchy": roles add up."""
        return bool((self.everyone | self.bot_permissions) & permission)

    def member(self, person: Person) -> Json:
        """Guild resource, "Guild Member Object", without its user as Message Create has it."""
        roles = [self.moderators] if person.moderator else [self.bot_role] if person is self.bot else []
        return {
            "nick": person.nick, "avatar": None, "roles": roles, "joined_at": timestamp(self.clock.now() - 86_400),
            "premium_since": timestamp(self.clock.now() - 3_600) if person.booster else None,
            "deaf": False, "mute": False, "flags": 0, "pending": False,
            "communication_disabled_until": timestamp(person.timed_out_until),
        }  # fmt: skip

    def full_member(self, person: Person) -> Json:
        return self.member(person) | {"user": person.user()}

    def channel(self, channel: Channel) -> Json:
        """Channel resource, "Channel Object"."""
        data: Json = {
            "id": channel.id, "name": channel.name, "type": channel.type, "guild_id": channel.guild, "nsfw": False,
            "position": 0, "permission_overwrites": self._overwrites(channel), "parent_id": channel.parent,
            "topic": None, "last_message_id": next(iter(self.history(channel.id)), {}).get("id"),
            "rate_limit_per_user": 0,
        }  # fmt: skip
        if channel.type == PUBLIC_THREAD:
            data |= {
                "owner_id": self.owner.id, "message_count": 0, "member_count": 1,
                "thread_metadata": {
                    "archived": False, "auto_archive_duration": 1440, "locked": False,
                    "archive_timestamp": timestamp(self.clock.now()), "create_timestamp": timestamp(self.clock.now()),
                },
            }  # fmt: skip
        if channel.type == FORUM:
            data |= {"available_tags": [], "default_reaction_emoji": None, "default_forum_layout": 0, "flags": 0}
        if channel.type in (VOICE, STAGE):
            data |= {"bitrate": 64_000, "user_limit": 0}
        return data

    def _overwrites(self, channel: Channel) -> list[Json]:
        """Channel resource, "Overwrite Object"."""
        hides = channel.id in self.hidden
        return [{"id": channel.guild, "type": ROLE, "allow": "0", "deny": str(VIEW_CHANNEL)}] if hides else []

    def unavailable_guild(self, id: str) -> Json:
        """Guild resource, "Unavailable Guild Object"."""
        return {"id": id, "unavailable": True}

    def guild(self, id: str, members: list[Person]) -> Json:
        """Gateway Events, "Guild Create": all channels, and those threads that the bot may view."""
        everything = [self.channel(channel) for channel in self.channels.values() if channel.guild == id]
        return {
            "id": id, "name": "Studio", "owner_id": self.owner.id, "unavailable": False,
            "member_count": len(self.people) + 1, "large": False, "emojis": [], "stickers": [], "features": [],
            "roles": [
                self._role(id, "@everyone", self.everyone),
                self._role(self.moderators, "Moderators", EVERYONE | MANAGE_MESSAGES | MODERATE_MEMBERS),
                self._role(self.bot_role, self.bot.name, self.bot_permissions) | {"tags": {"bot_id": self.bot.id}},
            ],
            "channels": [data for data in everything if data["type"] != PUBLIC_THREAD],
            "threads": [
                data for data in everything if data["type"] == PUBLIC_THREAD and data["parent_id"] not in self.hidden
            ],
            "members": [self.full_member(person) for person in members], "presences": [],
            "voice_states": [
                {key: value for key, value in state.items() if key != "guild_id"}
                for state in self.voice_states.values()
                if state["guild_id"] == id
            ],
            "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
            "joined_at": timestamp(self.clock.now() - 86_400),
            "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0,
            "nsfw_level": 0, "premium_tier": 0, "preferred_locale": "en-US", "system_channel_flags": 0,
        }  # fmt: skip

    def set_voice_state(self, id: str, channel: str | None, key: str = "", **more: Any) -> Json:
        """Where somebody is now, kept by the key. Voice resource, "Voice State Object"."""
        person = next(person for person in (*self.people.values(), self.bot) if person.id == id)
        before = self.voice_states.pop(key or id, {})
        guild = self.channels[channel].guild if channel is not None else before.get("guild_id", self.guild_id)
        state: Json = {
            "guild_id": guild, "user_id": id, "session_id": secrets.token_hex(8), "deaf": False, "mute": False,
            "self_deaf": False, "self_mute": False, "self_video": False, "suppress": False,
            "request_to_speak_timestamp": None,
        } | before | {"guild_id": guild, "channel_id": channel, "member": self.full_member(person)} | more  # fmt: skip
        if channel is not None:
            self.voice_states[key or id] = state
        return state

    def _role(self, id: str, name: str, permissions: int) -> Json:
        return {
            "id": id, "name": name, "permissions": str(permissions), "position": 0, "hoist": False, "managed": False,
            "mentionable": True, "color": 0, "colors": {"primary_color": 0}, "flags": 0,
        }  # fmt: skip

    def application(self) -> Json:
        """Application resource, "Application Object"."""
        return {
            "id": self.application_id, "name": "relay", "description": "", "icon": None, "bot_public": False,
            "bot_require_code_grant": False, "verify_key": "00", "flags": self.application_flags,
            "owner": self.owner.user(), "team": None,
        }  # fmt: skip

    def add_message(self, author: Person, channel: str, text: str, id: str | None = None, **more: Any) -> Json:
        """Store a message as REST shows it; `more` adds or replaces fields. Message resource, "Message Object"."""
        message_id = id or self.new_id()
        message: Json = {
            "id": message_id, "channel_id": channel, "author": author.user(), "content": text, "type": 0, "flags": 0,
            "timestamp": timestamp(created(message_id)), "edited_timestamp": None,
            "tts": False, "mention_everyone": False, "mentions": self._mentioned(text), "attachments": [],
            "mention_roles": [self.bot_role] if f"<@&{self.bot_role}>" in text else [], "embeds": [], "pinned": False,
        } | more  # fmt: skip
        self.messages[message_id] = message
        return message

    def _mentioned(self, text: str) -> list[Json]:
        everyone = (*self.people.values(), self.bot)
        return [person.user() for person in everyone if f"<@{person.id}>" in text]

    def history(self, channel: str) -> Iterator[Json]:
        """The channel's messages, newest first."""
        newest_first = sorted(self.messages.values(), key=lambda message: int(message["id"]), reverse=True)
        return (message for message in newest_first if message["channel_id"] == channel)

    def as_event(self, data: Json) -> Json:
        """Something in a channel as the gateway tells it. Gateway Events, "Message Create Extra Fields"."""
        members = {person.id: {"member": self.member(person)} for person in (*self.people.values(), self.bot)}
        extra: Json = {} if "webhook_id" in data else members.get(data.get("author", {}).get("id"), {})
        if "mentions" in data:
            extra |= {"mentions": [user | members.get(user["id"], {}) for user in data["mentions"]]}
        return data | extra | {"guild_id": self.channels[data["channel_id"]].guild}


def shard_of(guild: str, shards: int) -> int:
    """Gateway, "Sharding"."""
    return (int(guild) >> 22) % shards
