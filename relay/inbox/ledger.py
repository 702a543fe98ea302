"""What both stores have in common: how things are written down, what a retraction names, how an edit applies.

Everything stored is UTF-8. Half surrogates, which UTF-8 cannot hold, become U+FFFD on the way in.
"""

from typing import TypeVar

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from relay.model import AudienceMessage, Forward, Outcome, Retraction, Settlement, Value

_Stored = TypeVar("_Stored", bound=Value)

_page_to_json = TypeAdapter(list[AudienceMessage]).serializer.to_json


def well_formed(text: str) -> str:
    """The text with every half surrogate replaced. Keys pass through it too, so that they are found again."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def fit(value: _Stored) -> tuple[_Stored, bytes]:
    """The value fit to be stored, and its line."""
    try:
        return value, _to_json(value)
    except PydanticSerializationError:
        value = mended(value)
        return value, _to_json(value)


def _to_json(value: Value) -> bytes:
    # Half the time of model_dump_json, which counts at hundreds of thousands of messages a second.
    line: bytes = value.__pydantic_serializer__.to_json(value)
    return line


def encode_page(messages: list[AudienceMessage]) -> bytes:
    """A JSON array; the messages have to be well-formed."""
    return _page_to_json(messages)


def encode(value: Forward | Settlement) -> bytes:
    return fit(value)[1]


def decode_message(line: bytes) -> AudienceMessage:
    return AudienceMessage.model_validate_json(line)


def decode_forward(line: bytes) -> Forward:
    return Forward.model_validate_json(line)


def decode_settlement(line: bytes) -> Settlement:
    return Settlement.model_validate_json(line)


def names(retraction: Retraction, message: AudienceMessage) -> bool:
    """Whether the retraction takes this message back. An id decides alone; what is left out does not restrict."""
    if message.platform != retraction.platform:
        return False
    if retraction.id is not None:
        return message.id == retraction.id
    return retraction.author_id in (None, message.author.id) and retraction.channel in (None, message.channel)


def dropped(key: str, retraction: Retraction, at: float) -> Settlement:
    """How a message ends that its platform took back."""
    return Settlement(key=key, outcome=Outcome.DROPPED, reason=retraction.reason, at=at)


def rewritten(message: AudienceMessage, text: str, *, is_action: bool) -> AudienceMessage:
    """The message after an edit."""
    return message.model_copy(update={"text": well_formed(text), "is_action": is_action})


def mended(value: _Stored) -> _Stored:
    """The same value, fit to be stored."""
    try:
        value.model_dump_json()
    except PydanticSerializationError:
        return type(value).model_validate(_mend(value.model_dump()))
    return value


def _mend(part: object) -> object:
    if isinstance(part, str):
        return well_formed(part)
    if isinstance(part, dict):
        return {name: _mend(inner) for name, inner in part.items()}
    if isinstance(part, list | tuple | frozenset):
        return [_mend(inner) for inner in part]
    return part
