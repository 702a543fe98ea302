"""The Twitch adapter."""

import warnings

with warnings.catch_warnings():
    # TwitchIO's web adapter, which the relay never starts, is built in a way aiohttp warns about on import.
    warnings.simplefilter("ignore", DeprecationWarning)
    import twitchio  # noqa: F401
