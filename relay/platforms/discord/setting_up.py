"""Setting Discord up with somebody who answers: a bot, an invitation, the channels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import discord
from pydantic import SecretStr

from relay.config import VoiceSection
from relay.errors import AuthError, ConfigError, PlatformUnavailable
from relay.guide import Changes, Filled, Form, FormField, FormLink, FormOption, Guide, phrase, settled
from relay.platforms.clock import PlatformClock
from relay.platforms.discord.login import granted_intents, visit
from relay.platforms.discord.outgoing import FAILURES, explain
from relay.platforms.discord.settings import DiscordSection
from relay.platforms.info import PlatformWishes

LABEL: Final = "Discord"
PORTAL: Final = "https://discord.com/developers/applications"
NEEDED: Final = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    read_message_history=True,
    connect=True,
    speak=True,
)
"""What the invitation asks for: to read and write, and to be heard in voice channels."""
SCOPES: Final = ("bot", "applications.commands")
MAX_GUILDS: Final = 50
"""Servers whose channels are listed."""

_TEXT: Final = (discord.TextChannel, discord.ForumChannel)
_VOICE: Final = (discord.VoiceChannel, discord.StageChannel)
_Guilds = Sequence[tuple[discord.Guild, Sequence[discord.abc.GuildChannel]]]


@dataclass(frozen=True)
class BotFound:
    """Who the bot is and what it sees."""

    settings: DiscordSection
    name: str
    invitation: FormLink
    owner: discord.abc.User | None
    """Whose the application is, where that is one person: as a rule the streamer."""
    guilds: _Guilds

    def options(self, kinds: tuple[type, ...]) -> tuple[FormOption, ...]:
        return tuple(
            FormOption(value=str(channel.id), label=channel.name, group=guild.name)
            for guild, channels in self.guilds
            for channel in channels
            if isinstance(channel, kinds)
        )


async def set_up(settings: DiscordSection, _: Path, wishes: PlatformWishes, guide: Guide) -> Changes:
    """See PlatformInfo."""
    bot = await _bot(settings, guide)
    while not bot.guilds:
        bot = await _invited(bot, guide)
    return await _channels(bot, wishes.voice, guide)


async def _bot(settings: DiscordSection, guide: Guide) -> BotFound:
    form = Form(
        title=phrase("A bot of yours at {platform}", platform=LABEL),
        lines=(
            phrase("Create an application there and open Bot in it."),
            phrase("Switch on Message Content Intent there, or the bot cannot read what people write."),
            phrase("Reset Token shows the token once: copy it to here. It is kept where only you can read it."),
        ),
        links=(FormLink(address=PORTAL, label=phrase("Open the developer portal")),),
        fields=(
            FormField(
                name="token",
                label=phrase("Token of the bot"),
                kind="secret",
                hint=phrase("There is one already; leave this empty to keep it.") if settings.token else None,
                optional=settings.token is not None,
            ),
        ),
        button=phrase("Try it"),
    )

    async def look(filled: Filled) -> BotFound:
        token = filled.text("token")
        return await find(settings.model_copy(update={"token": SecretStr(token)}) if token else settings)

    return await settled(guide, form, look)


async def _invited(bot: BotFound, guide: Guide) -> BotFound:
    form = Form(
        title=phrase("Invite {name} to your server", name=bot.name),
        lines=(
            phrase("The token works: the bot is called {name}. It is on no server yet.", name=bot.name),
            phrase("The invitation asks for what the companion needs: to read, to write, and to speak."),
        ),
        links=(bot.invitation,),
        button=phrase("I have invited it"),
    )

    async def look(_: Filled) -> BotFound:
        found = await find(bot.settings)
        if not found.guilds:
            raise ConfigError("the bot is on no server yet: open the invitation, choose your server, and confirm")
        return found

    return await settled(guide, form, look)


async def _channels(bot: BotFound, voice: VoiceSection, guide: Guide) -> Changes:
    texts, voices = bot.options(_TEXT), bot.options(_VOICE)
    owner = bot.owner if voices else None
    fields = [
        FormField(
            name="channels",
            label=phrase("Channels the companion reads and answers in"),
            kind="many",
            value=tuple(map(str, bot.settings.channels)),
            options=texts,
        ),
        FormField(
            name="voice",
            label=phrase("Voice channels it joins when you do"),
            kind="many",
            value=tuple(map(str, voice.channels)),
            options=voices,
            hint=phrase("It also comes when you type /join."),
        ),
    ]
    if owner is not None:
        label = phrase("I am {name} there", name=owner.name)
        is_followed = voice.streamer == owner.id or (voice.streamer is None and not bot.settings.enabled)
        fields.append(FormField(name="follow", label=label, kind="switch", value=is_followed))
    form = Form(
        title=phrase("Where does {name} take part?", name=bot.name),
        lines=(phrase("Only channels are listed that the bot may see."),),
        links=(bot.invitation,),
        fields=tuple(fields),
        button=phrase("Save"),
    )

    async def choose(filled: Filled) -> Changes:
        chosen = filled.many("channels")
        if not chosen:
            raise ConfigError("choose a channel to read, or invite the bot to another server first")
        changes: dict[str, object] = {"discord.enabled": True, "discord.channels": [int(id) for id in chosen]}
        if bot.settings.token is not None:
            changes["discord.token"] = bot.settings.token.get_secret_value()
        if voices:
            changes["voice.channels"] = [int(id) for id in filled.many("voice")]
        if owner is not None and (filled.has("follow") or voice.streamer == owner.id):
            changes["voice.streamer"] = owner.id if filled.has("follow") else None
        return changes

    return await settled(guide, form, choose)


async def find(settings: DiscordSection) -> BotFound:
    """Try the token. Raises AuthError, ConfigError or PlatformUnavailable: one line that names the fix."""
    async with visit(settings, PlatformClock()) as (client, application):
        _check_intents(application)
        address = discord.utils.oauth_url(application.id, permissions=NEEDED, scopes=SCOPES)
        try:
            guilds = [await _seen(client, guild.id) async for guild in client.fetch_guilds(limit=MAX_GUILDS)]
        except FAILURES as error:
            raise PlatformUnavailable(str(explain(error, "the list of servers"))) from None
        return BotFound(
            settings=settings,
            name=str(client.user),
            invitation=FormLink(address=address, label=phrase("Invite the bot to a server")),
            owner=application.owner if application.team is None else None,
            guilds=guilds,
        )


def _check_intents(application: discord.AppInfo) -> None:
    try:
        granted_intents(application)
    except AuthError as error:
        raise AuthError(f"{error}. The switch is at {PORTAL}/{application.id}/bot") from None


async def _seen(client: discord.Client, id: int) -> tuple[discord.Guild, Sequence[discord.abc.GuildChannel]]:
    """A server with the channels that the bot may see, in the order people see them in."""
    assert client.user is not None
    guild = await client.fetch_guild(id)
    bot = await guild.fetch_member(client.user.id)
    channels = await guild.fetch_channels()
    return guild, _in_order(channel for channel in channels if channel.permissions_for(bot).view_channel)


def _in_order(channels: Iterable[discord.abc.GuildChannel]) -> list[discord.abc.GuildChannel]:
    return sorted(channels, key=lambda channel: (channel.position, channel.id))
