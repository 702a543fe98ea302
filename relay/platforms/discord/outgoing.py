"""What the companion says, written to a channel; Discord's refusals as the relay's errors."""

import asyncio
import logging

import aiohttp
import discord

from relay.errors import PlatformError, PlatformUnavailable, PostRejected, RateLimited
from relay.model import Post, Quoted
from relay.text.unicode import one_line

log = logging.getLogger(__name__)

POST_TIMEOUT = 45.0
"""Seconds for one post, waiting for rate limits included: those waits end below discord.py's limit of 30."""
TYPING_TIMEOUT = 5.0
NAME_LIMIT = 32
"""Characters of a name; Discord allows no more."""

FAILURES = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, RuntimeError)
"""All that a request through discord.py can raise; RuntimeError is what a session closed meanwhile raises."""


async def send(client: discord.Client, post: Post) -> None:
    """Write one message that mentions nobody. The nonce makes Discord return the message of an earlier try.

    Raises PlatformUnavailable, RateLimited or PostRejected.
    """
    place = client.get_partial_messageable(_id(post.channel))
    try:
        async with asyncio.timeout(POST_TIMEOUT):
            await _write(place, post)
    except FAILURES as error:
        raise explain(error, f"channel {post.channel}") from None


async def _write(place: discord.PartialMessageable, post: Post) -> None:
    nobody = discord.AllowedMentions.none()
    text = "\n".join([*map(_question, post.asked), post.text])
    # discord.py sends enforce_nonce along with every nonce
    if post.reply_to is None or not post.reply_to.isdecimal():
        await place.send(text, nonce=post.nonce, allowed_mentions=nobody)
    else:
        original = place.get_partial_message(int(post.reply_to)).to_reference(fail_if_not_exists=False)
        await place.send(text, nonce=post.nonce, allowed_mentions=nobody, reference=original)


def _question(asked: Quoted) -> str:
    """A question as a quotation, of which nothing becomes more than text."""
    name = one_line(asked.author.name)[:NAME_LIMIT] if asked.author is not None else "someone"
    shown = discord.utils.escape_markdown(one_line(asked.text))
    room = Quoted.ROOM - 2 * NAME_LIMIT - len("> ****: \n")
    return f"> **{discord.utils.escape_markdown(name)}**: {shown[:room]}"


def _id(channel: str) -> int:
    if not channel.isdecimal():
        raise PostRejected(f"discord: {channel!r} is no id of a Discord channel")
    return int(channel)


async def show_typing(client: discord.Client, channel: str) -> None:
    """Show for some seconds that the companion writes; failures do not matter."""
    try:
        async with asyncio.timeout(TYPING_TIMEOUT):
            await client.get_partial_messageable(_id(channel)).typing()
    except (*FAILURES, PlatformError) as error:
        log.debug("discord: could not show typing: %s", error)


def explain(error: Exception, where: str) -> PlatformError:
    """The relay's error for what a request raised. Never holds a token: only codes and Discord's own words."""
    if isinstance(error, discord.RateLimited):
        return RateLimited(f"discord: {where}: slow down for {error.retry_after:.1f} s", error.retry_after)
    if isinstance(error, discord.HTTPException):
        return _explain_status(error, where)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return PlatformUnavailable(f"discord: {where}: Discord's name was not found, so this computer may be offline")
    if isinstance(error, aiohttp.ClientConnectorError):
        return PlatformUnavailable(f"discord: {where}: Discord cannot be reached ({type(error).__name__})")
    return PlatformUnavailable(f"discord: {where}: {type(error).__name__}")


def _explain_status(error: discord.HTTPException, where: str) -> PlatformError:
    said = f"discord: {where}: {error.status} {error.text[:200]} (code {error.code})"
    if error.status == 429:
        seconds = _retry_after(error)
        return RateLimited(f"discord: {where}: slow down for {seconds:.1f} s", seconds)
    if error.status == 401 or error.status >= 500:
        return PlatformUnavailable(said)
    if error.status == 403:
        said += "; give the bot View Channel, Send Messages and Send Messages in Threads there"
    return PostRejected(said)


def _retry_after(error: discord.HTTPException) -> float:
    try:
        return float(error.response.headers.get("Retry-After", 5.0))
    except ValueError:
        return 5.0
