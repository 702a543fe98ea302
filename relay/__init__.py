"""Connects a streamer's audience on Twitch and Discord with a Voxta AI companion."""

__version__ = "0.1.0"
