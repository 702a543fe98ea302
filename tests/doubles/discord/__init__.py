"""A local Discord: REST, gateway and voice on one TLS port, faithful enough for the real discord.py."""

from tests.doubles.discord.double import DiscordDouble
from tests.doubles.discord.faults import Hold, LoseReply, Refuse
from tests.doubles.discord.interactions import Response
from tests.doubles.discord.rest import Posted

__all__ = ["DiscordDouble", "Hold", "LoseReply", "Posted", "Refuse", "Response"]
