"""A local Twitch for tests: `async with TwitchDouble() as twitch`."""

from tests.doubles.twitch.faults import Delay, Drop, Fault, Garble, Hold, LoseAnswer, Refuse
from tests.doubles.twitch.server import SCOPES, TwitchDouble

__all__ = ["SCOPES", "Delay", "Drop", "Fault", "Garble", "Hold", "LoseAnswer", "Refuse", "TwitchDouble"]
