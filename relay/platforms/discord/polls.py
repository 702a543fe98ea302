"""How a poll has ended, from what Discord posts below it. Pure: reads discord.py's objects, calls nothing."""

from collections.abc import Mapping

import discord

from relay.model import AudienceMessage, Kind
from relay.platforms.discord.incoming import read_author
from relay.platforms.discord.settings import PLATFORM


def read_result(notice: discord.Message, at: float) -> AudienceMessage | None:
    """With the winner, and its share of the votes in percent; None where Discord does not show what was asked.

    Message resource, "Poll Result Embed Fields".
    """
    told = {field.name or "": field.value or "" for embed in notice.embeds for field in embed.fields}
    if not (question := told.get("poll_question_text")):
        return None
    most, cast = int(told.get("victor_answer_votes", 0)), int(told.get("total_votes", 0))
    winner = _winner(told)
    return AudienceMessage(
        platform=PLATFORM,
        id=str(notice.id),
        channel=str(notice.channel.id),
        within=str(notice.channel.parent_id) if isinstance(notice.channel, discord.Thread) else None,
        kind=Kind.POLL,
        author=read_author(notice.author, notice.guild),
        text=question,
        detail=winner or "several answers",
        amount=round(100 * most / cast) if cast else 0,
        moment="void" if not cast else "end" if winner else "tie",
        at=at,
        reply_to=str(notice.id),
    )


def _winner(told: Mapping[str, str]) -> str:
    """As people read it; "" where there is none alone."""
    emoji, text = told.get("victor_answer_emoji_name", ""), told.get("victor_answer_text", "")
    shown = f":{emoji}:" if emoji and "victor_answer_emoji_id" in told else emoji
    return " ".join(filter(None, (shown, text)))
