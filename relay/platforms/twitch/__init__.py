"""The Twitch adapter."""
