"""What `relay check` asks of OBS."""

from relay.config import ObsSection
from relay.errors import ConfigError
from relay.obs.connection import connect
from relay.obs.inputs import find


async def check(settings: ObsSection) -> str:
    """One line about the inputs that can be heard. Raises AuthError, ConfigError or ObsUnavailable, naming the fix."""
    async with connect(settings, subscriptions=0) as connection:
        inputs = await find(connection, settings.inputs)
    if complaint := inputs.complaint(settings.inputs):
        raise ConfigError(complaint)
    if not settings.inputs:
        return f"OBS at {settings.url} answers; no microphone is watched in it"
    heard = ", ".join(f"{name} (muted)" if name in inputs.muted else name for name in settings.inputs)
    return f"OBS at {settings.url} has {heard}"
