"""What Voxta's errors mean for the calls they follow."""

import re
from typing import Final

from relay.errors import VoxtaError, VoxtaForbidden
from relay.wire import server
from relay.wire.messages import WireMessage

_RIGHTS: Final = re.compile(
    r"forbidden|unauthori[sz]ed|not authori[sz]ed|permission|access (?:is )?denied|insufficient (?:right|privilege)"
    r"|\bscopes?\b|\brole:\w",
    re.IGNORECASE,
)
_RIGHTS_CODES: Final = frozenset({"401", "403"})


def refusal_in(message: WireMessage) -> VoxtaError | None:
    """The refusal that a message may tell of: any error but that of a service, such as a voice that fails."""
    if isinstance(message, server.ErrorMessage) and message.service_name is None:
        return refused(message.message, message.code)
    return None


def refused(why: str, code: str | int | None = None) -> VoxtaError:
    """The error for a call that Voxta refused: VoxtaForbidden when it is for lack of rights."""
    is_about_rights = _RIGHTS.search(f"{code or ''} {why}") is not None or str(code) in _RIGHTS_CODES
    return (VoxtaForbidden if is_about_rights else VoxtaError)(f"Voxta refused: {why}")
