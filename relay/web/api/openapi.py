"""What programs may call, described in OpenAPI 3.1 and made from what the calls themselves are made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, JsonValue
from pydantic.json_schema import models_json_schema

from relay import __version__
from relay.model import Role
from relay.web.desk.actions import Code, DeskAction
from relay.web.gateway.bodies import EmptyBody, GivenContext, PlayedMessage, SaidLine, SpeakerStarts, SpeakerStops
from relay.web.gateway.state import GatewayState

STATE: Final = ("strip", "next", "held")
"""The topics of the desk that `GET /api/state` tells."""
UNDESCRIBED: Final = ("/", "/dock", "/desk/", "/static/", "/overlay", "/ws", "/debug/", "/openapi.json")
"""What is for pages, for WebSockets and for those who look for mistakes; all that begins so, but `/` itself alone."""
_REFERENCE: Final = "#/components/schemas/{model}"
_TEXT: Final[dict[str, Any]] = {"text/plain": {"schema": {"type": "string"}}}

_DONE: Final = "It was done"

Schemas = Mapping[type[BaseModel], Mapping[str, Any]]
"""Where each model stands in the document."""


class ActionDone(BaseModel):
    """An action was done. Most answers are words that can be shown."""

    ok: Literal[True]
    answer: JsonValue


class ActionFailure(BaseModel):
    """Why it was not."""

    code: Code
    text: str
    field: str | None = None
    """The one that does not fit, where it is one's fault."""


class ActionFailed(BaseModel):
    """An action was not done."""

    ok: Literal[False]
    error: ActionFailure


class GatewayDone(BaseModel):
    """A call was done."""

    status: Literal["ok"]
    answer: str | None = None


class GatewayRefusal(BaseModel):
    """A call was not done; the text says why."""

    detail: str


class HealthAnswer(BaseModel):
    """The server is there, and maybe Voxta."""

    status: Literal["ok"]
    voxta_connected: bool


@dataclass(frozen=True)
class ApiCall:
    """One operation of the description."""

    method: Literal["get", "post"]
    path: str
    name: str
    summary: str
    tag: str
    answer: type[BaseModel] | None
    """None: a JSON object that is described in words."""
    failure: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    statuses: tuple[int, ...] = ()
    """Of its failures."""


_ACTION_STATUSES: Final = (403, 404, 410, 422, 500, 503, 504)


def _gateways(path: str, summary: str, body: type[BaseModel]) -> ApiCall:
    name = path.strip("/")
    return ApiCall("post", path, name, summary, "gateway", GatewayDone, GatewayRefusal, body, (400, 422, 503))


_CALLS: Final = (
    ApiCall("get", "/api/state", "state", f"How things are: {', '.join(STATE)}, as the desk shows them", "desk", None),
    _gateways("/external_speaker_start", "Somebody talks: the companion gives way for ten seconds", SpeakerStarts),
    _gateways("/external_speaker_stop", "They are done", SpeakerStops),
    _gateways("/dialogue", "Somebody says something", SaidLine),
    _gateways("/context", "The companion knows this from now on", GivenContext),
    _gateways("/tts_playback_start", "Something else plays the companion's voice", PlayedMessage),
    _gateways("/tts_playback_complete", "It was played to its end", PlayedMessage),
    _gateways("/interrupt", "Silence the companion", EmptyBody),
    _gateways("/skip", "Go on to its next answer", EmptyBody),
    ApiCall("get", "/state", "gateway_state", "What is going on, as a Voxta Gateway tells it", "gateway", GatewayState),
    ApiCall("get", "/health", "health", "Whether the server and Voxta are there", "gateway", HealthAnswer),
)


def description(actions: Iterable[DeskAction[Any]]) -> dict[str, Any]:
    """The whole document."""
    calls = [*(_of_action(action) for action in actions), *_CALLS]
    models = {model for call in calls for model in (call.body, call.answer, call.failure) if model is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    refs, schemas = models_json_schema([(model, "validation") for model in ordered], ref_template=_REFERENCE)
    schema_of: Schemas = {model: refs[model, "validation"] for model in ordered}
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        paths.setdefault(call.path, {})[call.method] = _operation(call, schema_of)
    paths["/press/{key}"] = {"get": _press()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Voxta Relay",
            "version": __version__,
            "description": "Steers the relay, and tells it things.",
        },
        "tags": [
            {"name": "desk", "description": "What people do on the desk"},
            {"name": "gateway", "description": "The API of a Voxta Gateway"},
            {"name": "press", "description": "Addresses that do one act when they are opened"},
        ],
        "security": [{}, {"bearer": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "responses": _shared_responses(schema_of),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "token": {"type": "apiKey", "in": "query", "name": "token"},
            },
        },
    }


def _of_action(action: DeskAction[Any]) -> ApiCall:
    by = "" if action.role is Role.MODERATOR else " (for the streamer alone)"
    path, summary = f"/api/{action.name}", f"{action.summary}{by}"
    name = f"desk_{action.name}"
    return ApiCall("post", path, name, summary, "desk", ActionDone, ActionFailed, action.fields, _ACTION_STATUSES)


def _operation(call: ApiCall, schema_of: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": call.name, "summary": call.summary, "tags": [call.tag]}
    if call.body is not None:
        is_needed = any(field.is_required() for field in call.body.model_fields.values())
        operation["requestBody"] = {"required": is_needed, "content": _json(schema_of[call.body])}
    answer = schema_of[call.answer] if call.answer else {"type": "object"}
    failures = {str(status): _response(call.failure.__name__) for status in call.statuses if call.failure}
    refusals = {"401": _response("Refused"), "403": _response("Refused")}
    return operation | {"responses": {"200": {"description": _DONE, "content": _json(answer)}, **refusals, **failures}}


def _press() -> dict[str, Any]:
    failures = {str(status): _response("Refused") for status in (401, *_ACTION_STATUSES)}
    return {
        "operationId": "press",
        "summary": "Do the one act that this key is for; browsers that look ahead do nothing",
        "tags": ["press"],
        "security": [],
        "parameters": [{"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": {"200": {"description": _DONE, "content": _TEXT}, **failures},
    }


def _shared_responses(schema_of: Schemas) -> dict[str, Any]:
    """Those that many calls have. What the guard refuses is told in plain words."""
    told = {model.__name__: _json(schema_of[model]) | _TEXT for model in (ActionFailed, GatewayRefusal)}
    return {name: {"description": "It was not done", "content": content} for name, content in told.items()} | {
        "Refused": {"description": "Not with this token or key, nor for who asks", "content": _TEXT}
    }


def _response(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{name}"}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
