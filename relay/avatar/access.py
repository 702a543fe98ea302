"""Being let in by VTube Studio: its user allows the relay once, and the token that says so is kept."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Final

from relay.avatar.connection import AvatarConnection, AvatarRefused, ErrorId
from relay.errors import AuthError, AvatarUnavailable, ConfigError
from relay.system.private_files import write_private
from relay.text.for_pages import for_pages

log = logging.getLogger(__name__)

PLUGIN: Final = {"pluginName": "Voxta Relay", "pluginDeveloper": "Voxta Relay"}
"""What the user reads in the question; a token counts only with the same names."""
DECIDES: Final = 600.0
"""Seconds the user has to answer it."""
SWITCH_ON: Final = for_pages("in VTube Studio, open the settings and switch on Allow Plugin API access")


class AvatarToken:
    """The token in its file, which only its owner may read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> str | None:
        """None when there is none yet. Raises ConfigError."""
        try:
            return str(json.loads(self.path.read_text("utf-8"))["token"])
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise ConfigError(f"{self.path} is damaged: delete it, and VTube Studio asks again") from None

    def save(self, token: str) -> None:
        """Raises ConfigError."""
        try:
            write_private(self.path, json.dumps({"token": token}))
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be written: {error.strerror}") from None


async def log_in(connection: AvatarConnection, token: AvatarToken) -> bool:
    """Whether the token is there and still counts. Raises AuthError, AvatarUnavailable or ConfigError."""
    kept = await asyncio.to_thread(token.load)
    if kept is None:
        return False
    try:
        answer = await connection.request("AuthenticationRequest", {**PLUGIN, "authenticationToken": kept})
    except AvatarRefused as refused:
        raise _in_words(refused) from None
    return answer.get("authenticated") is True


async def ask(connection: AvatarConnection, token: AvatarToken) -> None:
    """Have VTube Studio ask its user whether we may, keep the token and log in with it. Raises as `log_in`."""
    log.warning("VTube Studio asks you whether Voxta Relay may control it: click Allow there")
    try:
        answer = await connection.request("AuthenticationTokenRequest", PLUGIN, within=DECIDES)
    except AvatarRefused as refused:
        raise _in_words(refused) from None
    await asyncio.to_thread(token.save, str(answer.get("authenticationToken") or ""))
    if not await log_in(connection, token):
        raise AuthError("VTube Studio gave a token that it does not accept: restart it, and then the relay")


def _in_words(refused: AvatarRefused) -> AuthError | AvatarUnavailable:
    match refused.error_id:
        case ErrorId.ACCESS_DENIED:
            return AuthError(
                "vtube_studio: you have denied it in VTube Studio; restart the relay to be asked again, and click Allow"
            )
        case ErrorId.API_DEACTIVATED:
            return AvatarUnavailable(f"VTube Studio lets no plug-in in: {SWITCH_ON}")
        case ErrorId.ALREADY_ASKING:
            return AvatarUnavailable("VTube Studio is asking you about a plug-in already: answer that first")
    return AvatarUnavailable(str(refused))
