"""What a message shows besides text, told in words: files, stickers, polls, what is forwarded or posted. Pure."""

import mimetypes
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import discord

from relay.platforms.discord.markup import Names, readable

SOMETHING: Final = "sent something without words"
"""What Discord calls a message and has nothing the relay knows, such as an invitation to a game."""
_PICTURES: Final = {"gifv": "a GIF", "image": "a picture"}
"""Embeds that stand for the address they were made from. Message resource, "Embed Types"."""

Shown = discord.Message | discord.MessageSnapshot
"""A message, or what was forwarded of one."""


class Wording(NamedTuple):
    """What is told of a message."""

    text: str
    is_action: bool = False
    """The text goes on from the author's name: `sent a picture`. Otherwise it is what they said."""


def wording(message: discord.Message) -> Wording:
    """Never without words: whatever people send is told somehow."""
    names = Names.of(message)
    if (snapshot := next(iter(message.message_snapshots), None)) is not None:
        return Wording(_with_own_words(_forwarded(snapshot, names), message, names), is_action=True)
    if message.poll is not None:
        return Wording(_with_own_words(_asked(message.poll), message, names), is_action=True)
    if (title := _title(message)) is not None:
        text, things = _parts(message, names)
        said = f": {_with(text, things)}" if text else f" with {_listed(things)}" if things else ""
        return Wording(f"posted “{title}”{said}", is_action=True)
    return _plain(message, names)


def _plain(message: Shown, names: Names) -> Wording:
    text, things = _parts(message, names)
    if text:
        return Wording(_with(text, things))
    return Wording(f"sent {_listed(things)}" if things else SOMETHING, is_action=True)


def _with(text: str, things: Sequence[str]) -> str:
    return f"{text} (with {_listed(things)})" if things else text


def _with_own_words(done: str, message: discord.Message, names: Names) -> str:
    text = readable(message.content, names)
    return f"{done} and wrote: “{text}”" if text else done


def _parts(message: Shown, names: Names) -> tuple[str, list[str]]:
    """Its text, and what it shows besides."""
    text = readable(message.content, names)
    things = [*_files(message.attachments), *(f"the sticker “{sticker.name}”" for sticker in message.stickers)]
    for embed in message.embeds:
        if embed.type in _PICTURES and message.content.strip() == embed.url:
            return "", [*things, _PICTURES[embed.type]]
    return text, things if text or things else [*filter(None, map(_card, message.embeds))]


def _forwarded(snapshot: discord.MessageSnapshot, names: Names) -> str:
    told = _plain(snapshot, replace(names, at=snapshot.created_at))
    return f"forwarded {told.text.removeprefix('sent ')}" if told.is_action else f"forwarded: “{told.text}”"


def _asked(poll: discord.Poll) -> str:
    answers = " / ".join(_answer(answer) for answer in poll.answers)
    return f"asks in a poll: “{poll.question}” ({answers})"


def _answer(answer: discord.PollAnswer) -> str:
    emoji = answer.emoji
    shown = "" if emoji is None else emoji.name if emoji.id is None else f":{emoji.name}:"
    return " ".join(filter(None, (shown, answer.text)))


def _title(message: discord.Message) -> str | None:
    """What a post of a forum is called; None for any other message. The first message of a post has its id."""
    place = message.channel
    is_post = isinstance(place, discord.Thread) and isinstance(place.parent, discord.ForumChannel)
    return place.name if is_post and isinstance(place, discord.Thread) and place.id == message.id else None


def _card(embed: discord.Embed) -> str:
    """What a card says that has no text beside it."""
    parts = (embed.title or embed.author.name, embed.description)
    said = ": ".join(part for part in parts if part)
    return f"a card: “{said}”" if said else "a card"


def _files(attachments: Iterable[discord.Attachment]) -> Iterator[str]:
    """Those that nothing more is known of are counted."""
    for thing, count in Counter(map(_file, attachments)).items():
        yield f"{count} {thing.removeprefix('a ')}s" if count > 1 and thing.startswith("a ") else thing


def _file(file: discord.Attachment) -> str:
    kind = _kind(file)
    if file.is_spoiler():
        return f"{kind or 'a file'} hidden as a spoiler"
    if kind is None:
        name, dot, ending = file.filename.rpartition(".")
        return f"the file “{name}” ({ending})" if dot else f"the file “{ending}”"
    if file.is_voice_message():
        return f"{kind} of {round(file.duration or 0)} seconds"
    return f"{kind} (“{file.description}”)" if file.description else kind


def _kind(file: discord.Attachment) -> str | None:
    type = file.content_type or mimetypes.guess_type(file.filename)[0] or ""
    if file.is_voice_message():
        return "a voice message"
    if type == "image/gif":
        return "a GIF"
    return {"image": "a picture", "video": "a video", "audio": "a recording"}.get(type.partition("/")[0])


def _listed(things: Sequence[str]) -> str:
    return f"{', '.join(things[:-1])} and {things[-1]}" if len(things) > 1 else things[0]
