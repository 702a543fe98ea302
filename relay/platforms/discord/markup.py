"""Discord's markup for mentions, custom emoji, commands and times, shown as its app shows it. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import discord

MARKUP: Final = re.compile(
    r"<(?:@!?(?P<person>\d{1,20})|@&(?P<role>\d{1,20})|#(?P<channel>\d{1,20})|a?:(?P<emoji>\w+):\d+"
    r"|/(?P<command>[^:<>]+):\d+|t:(?P<time>-?\d{1,20})(?::(?P<style>\w))?|id:(?P<place>[a-z-]+)(?::\d+)?)>"
)
"""Reference, "Message Formatting"."""
_SPOILER: Final = re.compile(r"\|\|(.+?)\|\|", re.DOTALL)
_STYLES: Final = {
    "t": "%H:%M UTC",
    "T": "%H:%M:%S UTC",
    "d": "%Y-%m-%d",
    "D": "%d %B %Y",
    "f": "%d %B %Y %H:%M UTC",
    "F": "%A, %d %B %Y %H:%M UTC",
    "s": "%Y-%m-%d %H:%M UTC",
    "S": "%Y-%m-%d %H:%M:%S UTC",
}
"""Reference, "Timestamp Styles". Discord shows them in each reader's own time zone, which nobody else knows."""
_UNITS: Final = (("year", 31_536_000), ("month", 2_592_000), ("day", 86_400), ("hour", 3_600), ("minute", 60))
_PLACES: Final = {"guide": "Server Guide", "browse": "Browse Channels", "linked-roles": "Linked Roles"}


@dataclass(frozen=True)
class Names:
    """What the ids in one text stand for. What is not given here is looked up in the server's own lists."""

    guild: discord.Guild | None
    at: datetime
    """When the text was written."""
    people: Mapping[int, str] = field(default_factory=dict)

    def person(self, id: int) -> str:
        member = self.guild.get_member(id) if self.guild is not None else None
        return self.people.get(id) or (member.display_name if member is not None else "someone")

    def role(self, id: int) -> str:
        role = self.guild.get_role(id) if self.guild is not None else None
        return role.name if role is not None else "role"

    def channel(self, id: int) -> str:
        channel = self.guild.get_channel_or_thread(id) if self.guild is not None else None
        return channel.name if channel is not None else "channel"

    @classmethod
    def of(cls, message: discord.Message) -> "Names":
        """Discord tells who is mentioned along with a message."""
        people = {person.id: person.display_name for person in message.mentions}
        return cls(message.guild, message.created_at, people)


def readable(text: str, names: Names) -> str:
    """The text as people see it; what is hidden until it is clicked is called a spoiler."""
    shown: dict[str, Callable[[re.Match[str]], str]] = {
        "person": lambda match: f"@{names.person(int(match['person']))}",
        "role": lambda match: f"@{names.role(int(match['role']))}",
        "channel": lambda match: f"#{names.channel(int(match['channel']))}",
        "emoji": lambda match: f":{match['emoji']}:",
        "command": lambda match: f"/{match['command']}",
        "time": lambda match: _time(match, names.at),
        "place": lambda match: _PLACES.get(match["place"], "Channels & Roles"),
    }

    def show(match: re.Match[str]) -> str:
        return next(shown[kind](match) for kind in shown if match[kind] is not None)

    return _SPOILER.sub(r"(spoiler: \1)", MARKUP.sub(show, text)).strip()


def _time(match: re.Match[str], now: datetime) -> str:
    try:
        time = datetime.fromtimestamp(int(match["time"]), UTC)
    except (ValueError, OverflowError, OSError):
        return match["time"]
    if match["style"] == "R":
        return _relative((time - now).total_seconds())
    return time.strftime(_STYLES.get(match["style"] or "f", _STYLES["f"]))


def _relative(seconds: float) -> str:
    """Such as `in 2 hours`."""
    unit, size = next((unit for unit in _UNITS if abs(seconds) >= unit[1]), ("second", 1))
    count = round(abs(seconds) / size)
    shown = f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"in {shown}" if seconds > 0 else f"{shown} ago"
