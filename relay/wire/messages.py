"""What Voxta's messages are made of; `client` and `server` beside this module hold the messages themselves.

On the wire names are camelCase and `$type`, the first key, says which message it is. Models tolerate unknown
fields and keep them; an unknown type is `UnknownMessage`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel


class WireModel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)


class WireMessage(WireModel):
    """One message in either direction. A subclass names its `$type`."""

    type_name: ClassVar[str] = ""

    def to_wire(self) -> dict[str, Any]:
        """The JSON object to send; fields that are None are left out."""
        return {"$type": self.type_name} | self.model_dump(mode="json", by_alias=True, exclude_none=True)


class UnknownMessage(WireMessage):
    """A type this version does not know; its fields are kept as they came."""

    name: str
    fields: dict[str, Any]

    def to_wire(self) -> dict[str, Any]:
        return {"$type": self.name} | self.fields


class InvalidMessage(ValueError):
    """A known `$type` with fields that do not fit it. The text names the type, the fields and what is wrong."""


class Person(WireModel):
    """A character, an assistant or the user."""

    id: str
    name: str = ""
    scenario_role: str | None = None
    creator_notes: str | None = None
    text_gen_service: str | None = None


class ChatSession(WireModel):
    session_id: str
    chat_id: str
    user: Person | None = None
    characters: list[Person] = []


class ChatMessage(WireModel):
    """A message of the chat's history."""

    message_id: str
    sender_id: str | None = None
    text: str = ""
    role: str = ""
    """User, Assistant, Event, Note, Secret, Instructions, …"""
    timestamp: str | None = None
    index: int | None = None
    conversation_index: int | None = None
    chat_time: float | None = None


class ChatContext(WireModel):
    characters: list[Person] = []
    flags: list[str] = []


class ContextText(WireModel):
    text: str = Field(validation_alias=AliasChoices("text", "content"))
    """Some clients call it `content`."""
    name: str | None = None
    disabled: bool | None = None
    flags_filter: str | None = None
    role_filter: str | None = None


class NamedValue(WireModel):
    name: str
    value: Any = None


class Capabilities(WireModel):
    audio_input: str = "None"
    audio_output: str = "None"
    accepted_audio_content_types: list[str] = ["audio/x-wav", "audio/mpeg"]
    vision_capture: str = "None"
    vision_sources: list[str] = []


def by_type(*models: type[WireMessage]) -> Mapping[str, type[WireMessage]]:
    """An index of models by their `$type`."""
    return {model.type_name: model for model in models}


def parse(data: Mapping[str, Any], models: Mapping[str, type[WireMessage]]) -> WireMessage:
    """Read one message as the model its `$type` names. Raises InvalidMessage."""
    name = data.get("$type")
    if not isinstance(name, str) or not name:
        raise InvalidMessage("a message without $type")
    fields = {key: value for key, value in data.items() if key != "$type"}
    model = models.get(name)
    if model is None:
        return UnknownMessage(name=name, fields=fields)
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise InvalidMessage(f"{name}: {problems}") from error
