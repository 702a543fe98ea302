"""A local VTube Studio for tests: its public plug-in API 1.0, as the README of DenchiSoft/VTubeStudio documents it.

`async with VTubeStudioDouble() as studio`. It remembers what it allowed over restarts, as the program does.
"""

import asyncio
import contextlib
import json
import math
import secrets
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.doubles.ports import free_port

API, VERSION = "VTubeStudioPublicAPI", "1.0"
KEPT = 1.0
"""Seconds an injected value counts without being sent again."""
ANIMATION, TOGGLE = "TriggerAnimation", "ToggleExpression"
RANGES = {"MouthX": (-1.0, 1.0), "FaceAngleX": (-30.0, 30.0), "FaceAngleY": (-30.0, 30.0), "FaceAngleZ": (-90.0, 90.0)}
DEFAULT_PARAMETERS = (
    *("FaceAngleX", "FaceAngleY", "FaceAngleZ", "MouthSmile", "MouthOpen", "MouthX", "Brows", "EyeOpenLeft"),
    *("EyeOpenRight", "VoiceVolume", "VoiceFrequency", "VoiceVolumePlusMouthOpen", "VoiceFrequencyPlusMouthSmile"),
    *("VoiceA", "VoiceI", "VoiceU", "VoiceE", "VoiceO", "VoiceSilence"),
)


class Refused(Exception):
    """An APIError with one of the numbers of ErrorID.cs."""

    def __init__(self, error_id: int, message: str) -> None:
        super().__init__(message)
        self.error_id = error_id


@dataclass
class Expression:
    file: str
    active: bool = False

    @property
    def name(self) -> str:
        return self.file.removesuffix(".exp3.json")


@dataclass
class Hotkey:
    name: str
    kind: str = ANIMATION
    file: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass
class Injected:
    value: float
    at: float
    by: str


@dataclass(eq=False)
class _Session:
    socket: web.WebSocketResponse
    request: web.Request
    plugin: str | None = None
    """Its name once it is authenticated."""


@dataclass(eq=False)
class VTubeStudioDouble:
    """May be started and stopped again and again, always at the same address."""

    model: str | None = "Vox"
    """The name of the loaded model."""
    expressions: list[Expression] = field(
        default_factory=lambda: [Expression("Joy.exp3.json"), Expression("angry.exp3.json")]
    )
    hotkeys: list[Hotkey] = field(default_factory=lambda: [Hotkey("Wave"), Hotkey("Stomp")])
    parameters: list[str] = field(default_factory=lambda: list(DEFAULT_PARAMETERS))
    allows: bool | None = True
    """What its user answers to the question; None lets it wait."""
    api_on: bool = True
    answers: bool = True
    """False takes requests and answers none, as a program that hangs."""
    held_by: dict[str, str] = field(default_factory=dict)
    """Parameters that another plug-in controls."""
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Each question to its user: who wants in."""
    pressed: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    injected: dict[str, Injected] = field(default_factory=dict)
    frames: list[dict[str, float]] = field(default_factory=list)
    """What each injection set."""
    face_found: bool = False
    port: int = field(default_factory=free_port)
    _sessions: set[_Session] = field(default_factory=set)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def sessions(self) -> int:
        """How many plug-ins are authenticated."""
        return sum(session.plugin is not None for session in self._sessions)

    @property
    def connections(self) -> int:
        """How many plug-ins are connected."""
        return len(self._sessions)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()

    async def stop(self) -> None:
        """Quit the program. What it allowed is kept in its configuration."""
        self.drop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.injected.clear()

    def drop(self) -> None:
        """Cut every connection, without a goodbye."""
        for session in list(self._sessions):
            if session.request.transport is not None:
                session.request.transport.abort()

    def value(self, name: str) -> float | None:
        """What a parameter is set to by a plug-in; None once it was not sent again within a second."""
        found = self.injected.get(name)
        return found.value if found is not None and time.monotonic() - found.at <= KEPT else None

    def revoke(self) -> None:
        """Its user withdraws what they allowed."""
        self.tokens.clear()
        for session in self._sessions:
            session.plugin = None

    # The protocol

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        session = _Session(web.WebSocketResponse(), request)
        await session.socket.prepare(request)
        self._sessions.add(session)
        try:
            async with asyncio.TaskGroup() as answering:
                async for message in session.socket:
                    if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                        answering.create_task(self._answer(session, message.data))
        finally:
            self._sessions.discard(session)
        return session.socket

    async def _answer(self, session: _Session, text: str | bytes) -> None:
        request_id, kind = secrets.token_hex(16), "APIError"
        data: dict[str, Any]
        try:
            request = _read(text)
            request_id = request.get("requestID") or request_id
            self.requests.append(request)
            if not self.answers:
                return
            kind, data = await self._do(session, request)
        except Refused as refused:
            data = {"errorID": refused.error_id, "message": str(refused)}
        answer = {
            "apiName": API,
            "apiVersion": VERSION,
            "timestamp": int(time.time() * 1000),
            "requestID": request_id,
            "messageType": kind,
            "data": data,
        }
        with contextlib.suppress(ConnectionError):
            await session.socket.send_json(answer)

    async def _do(self, session: _Session, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        kind, given = request.get("messageType"), request.get("data")
        data = given if isinstance(given, dict) else {}
        if not isinstance(kind, str) or not kind:
            raise Refused(6, "Request type missing or empty.")
        if kind == "APIStateRequest":
            authenticated = session.plugin is not None
            state = {
                "active": self.api_on,
                "vTubeStudioVersion": "1.32.10",
                "currentSessionAuthenticated": authenticated,
            }
            return "APIStateResponse", state
        if not self.api_on:
            raise Refused(1, "API access is deactivated.")
        open_to_all = {"AuthenticationTokenRequest": self._token, "AuthenticationRequest": self._authenticate}
        if kind in open_to_all:
            return kind.replace("Request", "Response"), await open_to_all[kind](session, data)
        known = {
            "CurrentModelRequest": self._current_model,
            "HotkeysInCurrentModelRequest": self._hotkeys,
            "HotkeyTriggerRequest": self._trigger,
            "ExpressionStateRequest": self._expression_states,
            "ExpressionActivationRequest": self._activate,
            "InputParameterListRequest": self._parameters,
            "InjectParameterDataRequest": self._inject,
        }
        if kind not in known:
            raise Refused(7, f"Request type {kind} unknown.")
        if session.plugin is None:
            raise Refused(8, "This request requires authentication.")
        return kind.replace("Request", "Response"), known[kind](session.plugin, data)

    async def _token(self, session: _Session, data: dict[str, Any]) -> dict[str, Any]:
        who = _plugin(data, (52, 53))
        if self.asked and self.allows is None:
            raise Refused(51, "A token request is currently ongoing.")
        self.asked.append(who)
        while self.allows is None:  # noqa: ASYNC110 - a person thinks
            await asyncio.sleep(0.005)
        if not self.allows:
            raise Refused(50, "User has denied API access for your plugin.")
        token = secrets.token_hex(32)
        self.tokens[token] = who
        return {"authenticationToken": token}

    async def _authenticate(self, session: _Session, data: dict[str, Any]) -> dict[str, Any]:
        who, token = _plugin(data, (101, 102)), data.get("authenticationToken")
        if not isinstance(token, str) or not token:
            raise Refused(100, "Authentication token missing.")
        is_valid = self.tokens.get(token) == who
        if is_valid:
            session.plugin = who[0]
        reason = "Token valid." if is_valid else "Token invalid or revoked by user."
        return {"authenticated": is_valid, "reason": reason}

    def _loaded(self) -> dict[str, Any]:
        return {
            "modelLoaded": self.model is not None,
            "modelName": self.model or "",
            "modelID": "165131471d8a4e42aae01a9738f255ef" if self.model else "",
        }

    def _current_model(self, plugin: str, data: dict[str, Any]) -> dict[str, Any]:
        return self._loaded()

    def _hotkeys(self, plugin: str, data: dict[str, Any]) -> dict[str, Any]:
        listed = [
            {
                "name": key.name,
                "type": key.kind,
                "description": "",
                "file": key.file,
                "hotkeyID": key.id,
                "keyCombination": [],
                "onScreenButtonID": -1,
            }
            for key in self.hotkeys
        ]
        return self._loaded() | {"availableHotkeys": listed if self.model else []}

    def _trigger(self, plugin: str, data: dict[str, Any]) -> dict[str, Any]:
        if self.model is None:
            raise Refused(201, "No model loaded.")
        wanted = str(data.get("hotkeyID", ""))
        found = next((k for k in self.hotkeys if k.id == wanted or k.name.casefold() == wanted.casefold()), None)
        if found is None:
            raise Refused(202, "Hotkey ID or name not found in model.")
        self.pressed.append(found.name)
        return {"hotkeyID": found.id}

    def _expression_states(self, plugin: str, data: dict[str, Any]) -> dict[str, Any]:
        file = data.get("expressionFile") or ""
        found = [each for each in self.expressions if self.model and file in ("", each.file)]
        if file and not file.endswith(".exp3.json"):
            raise Refused(600, "Expression file name invalid.")
        if file and not found:
            raise Refused(601, "Expression file not found.")
        listed = [
            {
                "name": each.name,
                "file": each.file,
                "active": each.active,
                "deactivateWhenKeyIsLetGo": False,
                "autoDeactivateAfterSeconds": False,
                "secondsRemaining": 0,
                "usedInHotkeys": [],
                "parameters": [],
            }
            for each in found
        ]
        return self._loaded() | {"expressions": listed}

    def _activate(self, plugin: str, data: dict[str, Any]) -> dict[str, Any]:
        file = str(data.get("expressionFile", ""))
        if not file.endswith(".exp3.json"):
            raise Refused(650, "Expression file name invalid.")
        if self.model is None:
            raise Refused(652, "No model loaded.")
        found = next((each for each in self.expressions if each.file == file), None)
        if found is None:
            raise Refused(651, "Expression file not found in current model.")
        found.active = data.get("active") is True
        return {}

    def _parameters(self, plugin: str, data: dict[str, Any]) -> dict[str, Any]:
        def told(name: str) -> dict[str, Any]:
            low, high = RANGES.get(name, (0.0, 1.0))
            now = {"value": self.value(name) or 0.0, "min": low, "max": high, "defaultValue": 0.0}
            return {"name": name, "addedBy": "VTube Studio"} | now

        return self._loaded() | {"customParameters": [], "defaultParameters": [told(name) for name in self.parameters]}

    def _inject(self, plugin: str, data: dict[str, Any]) -> dict[str, Any]:
        if data.get("mode", "set") not in ("set", "add"):
            raise Refused(455, "Unknown mode.")
        values = data.get("parameterValues")
        if not isinstance(values, list) or not values:
            raise Refused(450, "No data provided.")
        frame = {}
        for entry in values:
            name, value, weight = entry.get("id"), entry.get("value"), entry.get("weight", 1)
            if name not in self.parameters:
                raise Refused(453, f"Parameter {name} not found.")
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.fabs(value) <= 1_000_000:
                raise Refused(451, f"Value of {name} invalid.")
            if not 0 <= weight <= 1:
                raise Refused(452, f"Weight of {name} invalid.")
            if self.held_by.get(name, plugin) != plugin:
                raise Refused(454, f"Parameter {name} is controlled by plugin {self.held_by[name]}.")
            frame[name] = float(value)
        now = time.monotonic()
        self.injected.update({name: Injected(value, now, plugin) for name, value in frame.items()})
        self.frames.append(frame)
        self.face_found = data.get("faceFound") is True
        return {}

    def count(self, kind: str) -> int:
        """How often something was requested."""
        return sum(request["messageType"] == kind for request in self.requests)


def _read(text: str | bytes) -> dict[str, Any]:
    try:
        request = json.loads(text)
    except ValueError:
        raise Refused(2, "JSON invalid.") from None
    if not isinstance(request, dict):
        raise Refused(2, "JSON invalid.")
    if request.get("apiName") != API:
        raise Refused(3, f"API name has to be {API}.")
    if request.get("apiVersion") != VERSION:
        raise Refused(4, f"API version has to be {VERSION}.")
    number = request.get("requestID", "x")
    if not isinstance(number, str) or not number.isascii() or not 1 <= len(number) <= 64:
        raise Refused(5, "Request ID invalid.")
    return request


def _plugin(data: dict[str, Any], errors: tuple[int, int]) -> tuple[str, str]:
    """Name and developer; both are from 3 to 32 characters."""
    who = str(data.get("pluginName", "")), str(data.get("pluginDeveloper", ""))
    for text, error in zip(who, errors, strict=True):
        if not 3 <= len(text) <= 32:
            raise Refused(error, "Plugin or developer name missing or of a wrong length.")
    return who
