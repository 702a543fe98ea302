"""What `relay check` asks of VTube Studio. It never makes VTube Studio ask its user: a run does that."""

from relay.avatar.access import SWITCH_ON, AvatarToken, log_in
from relay.avatar.connection import AvatarRefused, connect
from relay.config import VTubeStudioSection
from relay.errors import AvatarUnavailable, ConfigError


async def check(settings: VTubeStudioSection, token: AvatarToken) -> str:
    """One line about the model. Raises AuthError, AvatarUnavailable or ConfigError, naming the fix."""
    async with connect(settings.url) as connection:
        try:
            state = await connection.request("APIStateRequest")
            if state.get("active") is False:
                raise ConfigError(f"VTube Studio lets no plug-in in: {SWITCH_ON}")
            if not await log_in(connection, token):
                return f"VTube Studio at {settings.url} answers; it asks you once the relay runs: click Allow there"
            model = await connection.request("CurrentModelRequest")
        except AvatarRefused as refused:
            raise AvatarUnavailable(str(refused)) from None
    name = model.get("modelName") if model.get("modelLoaded") else None
    return f"VTube Studio at {settings.url} shows {name or 'no model yet'}"
