"""What Voxta's messages are made of; `client` and `server` beside this module hold the messages themselves.

On the wire names are camelCase and `$type`, the first key, says which message it is. Models tolerate unknown
fields and keep them; an unknown type is `UnknownMessage`. What clients say is read to the letter (`parse`), what
servers say as far as it can be understood (`tolerance.read`).
"""

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

ROLES: Final = (
    "Undefined", "System", "Assistant", "User", "Summary", "Event", "Instructions", "Note", "Secret", "Infer", "Tool",
)  # fmt: skip
"""Whose words a message holds, at the places that are their numbers on the wire (Voxta.Model, API 2025-11)."""
LONGEST: Final = 300.0
"""Seconds that what is heard at once may last; more is a mistake, and must not hold the floor."""


def numbered(*names: str) -> BeforeValidator:
    """Reads the number of one of `names`, by its place, as the name."""

    def name_of(value: Any) -> Any:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return names[value] if is_number and 0 <= value < len(names) else value

    return BeforeValidator(name_of)


Role = Annotated[str, numbered(*ROLES)]
"""One of ROLES; servers write the name or the number."""
Index = Annotated[int, Field(ge=0, lt=2**31)]
"""A place in a text or in a chat; 32 bits on the wire."""
Seconds = Annotated[float, Field(allow_inf_nan=False), AfterValidator(lambda seconds: min(max(seconds, 0.0), LONGEST))]


class WireModel(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True, defer_build=True
    )


class WireMessage(WireModel):
    """One message in either direction. A subclass names its `$type`."""

    __slots__ = ("_left_out",)  # a private attribute of pydantic's costs each message as much as all its fields
    type_name: ClassVar[str] = ""

    @property
    def left_out(self) -> tuple[str, ...]:
        """The fields (`messages[].text`) that came with what does not fit them, and are at their defaults instead."""
        return getattr(self, "_left_out", ())

    def leave_out(self, fields: Iterable[str]) -> None:
        """Note what did not fit."""
        object.__setattr__(self, "_left_out", tuple(fields))

    def to_wire(self) -> dict[str, Any]:
        """The JSON object to send; fields that are None are left out."""
        return {"$type": self.type_name} | self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def to_json(self) -> bytes:
        """The same as it is written."""
        fields: bytes = self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_none=True)
        return b'{"$type":"%s"%s%s' % (self.type_name.encode(), b"," if len(fields) > 2 else b"", fields[1:])


class UnknownMessage(WireMessage):
    """A type this version does not know; its fields are kept as they came."""

    name: str
    fields: dict[str, Any]

    def to_wire(self) -> dict[str, Any]:
        return {"$type": self.name} | self.fields

    def to_json(self) -> bytes:
        return json.dumps(self.to_wire(), ensure_ascii=False).encode()


class InvalidMessage(ValueError):
    """A known `$type` with fields that do not fit it. The text names the type, the fields and what is wrong."""


class Person(WireModel):
    """A character, an assistant or the user."""

    id: str
    name: str = ""
    scenario_role: str | None = None
    creator_notes: str | None = None
    text_gen_service: str | None = None
    enabled: bool | None = None
    """False for one who is in the chat and takes no part in it for now."""


class RoleState(WireModel):
    """A scenario's role: who plays it, and whether they take part."""

    character_id: str | None = None
    enabled: bool = True


class ChatSession(WireModel):
    session_id: str
    chat_id: str
    user: Person | None = None
    characters: list[Person] = []


class ChatMessage(WireModel):
    """A message of the chat's history."""

    message_id: str
    sender_id: str | None = None
    name: str | None = None
    """The sender's."""
    text: str = ""
    role: Role = ""
    timestamp: str | None = None
    index: Index | None = None
    conversation_index: Index | None = None
    chat_time: float | None = None


class Flag(WireModel):
    """A flag that is set. Servers write it as an object or as its name alone."""

    name: str
    message_index: Index | None = None
    """How many messages there were when it was set."""
    message_chat_time: float | None = None
    """Seconds the chat had been open then."""
    expire_index: Index | None = None
    """At how many messages it ends by itself."""
    expire_chat_time: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        return {"name": data} if isinstance(data, str) else data


class ChatContext(WireModel):
    characters: list[Person] = []
    flags: list[Flag] = []
    roles: dict[str, RoleState] = {}
    """By the role's name."""


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


def model_of(data: Mapping[str, Any], models: Mapping[str, type[WireMessage]]) -> type[WireMessage]:
    """The model that a message's `$type` names, or UnknownMessage. Raises InvalidMessage without a `$type`."""
    name = data.get("$type")
    if not isinstance(name, str) or not name:
        raise InvalidMessage("a message without $type")
    return models.get(name, UnknownMessage)


def fields_of(data: Mapping[str, Any], model: type[WireMessage]) -> dict[str, Any]:
    """What `model` is made of."""
    fields = {key: value for key, value in data.items() if key != "$type"}
    return {"name": data["$type"], "fields": fields} if model is UnknownMessage else fields


def parse(data: Mapping[str, Any], models: Mapping[str, type[WireMessage]]) -> WireMessage:
    """Read one message to the letter, as the model its `$type` names. Raises InvalidMessage."""
    model = model_of(data, models)
    try:
        return model.model_validate(fields_of(data, model))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise InvalidMessage(f"{model.type_name}: {problems}") from error
