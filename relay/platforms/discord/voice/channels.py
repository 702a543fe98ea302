"""What is known of voice channels: who is in them, and whether one may speak there."""

import discord

Channel = discord.VoiceChannel | discord.StageChannel


def channel_of(client: discord.Client, person: int | None) -> int | None:
    """The voice channel somebody is in."""
    for guild in client.guilds:
        for channel in (*guild.voice_channels, *guild.stage_channels):
            if person in channel.voice_states:
                return channel.id
    return None


def has_company(channel: Channel) -> bool:
    """Whether a person is there besides the bot; other bots do not count."""
    guild = channel.guild
    members = ((id, guild.get_member(id)) for id in channel.voice_states)
    return any(id != guild.me.id and not (member is not None and member.bot) for id, member in members)


def silenced(channel: Channel) -> str | None:
    """Why nobody there hears the bot although it is there, and the fix; None when it can be heard."""
    state, on_stage = channel.guild.me.voice, isinstance(channel, discord.StageChannel)
    if state is not None and state.deaf:
        return f"deafened in {channel}: a moderator has to undo the server deafen"
    if state is not None and state.mute:
        return f"muted in {channel}: a moderator has to undo the server mute"
    if on_stage and (state is None or state.suppress):
        return f"in the audience of the stage {channel}: a moderator has to invite it to speak"
    if state is not None and state.suppress:
        return f"not allowed to speak in {channel}: give the bot Speak there"
    return None


def missing_permissions(channel: Channel) -> str:
    """What the bot lacks to speak there, in words; empty when nothing."""
    permissions = channel.permissions_for(channel.guild.me)
    needed = {"View Channel": permissions.view_channel, "Connect": permissions.connect}
    if isinstance(channel, discord.VoiceChannel):
        needed["Speak"] = permissions.speak
    return ", ".join(name for name, given in needed.items() if not given)
