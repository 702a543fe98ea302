"""A local OBS for tests: its obs-websocket 5 server, with scriptable inputs. `async with ObsDouble() as obs`.

Like OBS it sends meters of active inputs only, as [magnitude, peak, input peak] of each channel: the first two are
behind the fader and zero while muted, the third is neither.
"""

import asyncio
import base64
import contextlib
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import msgpack
from aiohttp import WSMsgType, web

from tests.doubles.ports import free_port

HELLO, IDENTIFY, IDENTIFIED, REIDENTIFY, EVENT, REQUEST, RESPONSE = 0, 1, 2, 3, 5, 6, 7
UNKNOWN_OPCODE, NOT_IDENTIFIED, ALREADY_IDENTIFIED, REFUSED, UNSUPPORTED = 4006, 4007, 4008, 4009, 4010
KICKED = 4011
SUCCESS, UNKNOWN_REQUEST, NOT_READY, NOT_RUNNING, NOT_FOUND, WRONG_STATE = 100, 204, 207, 501, 600, 604
ALREADY_THERE, INVALID_KIND = 601, 605
CONFIG, SCENES, INPUTS, OUTPUTS, METERS = 1 << 1, 1 << 2, 1 << 3, 1 << 6, 1 << 16
BROWSER = "browser_source"
REFRESH = "refreshnocache"
"""The name of the button "Refresh cache of current page", in obs-browser."""
COMMENTS = {
    NOT_FOUND: "No source was found by that name.",
    WRONG_STATE: "The specified input does not support audio.",
    NOT_READY: "OBS is not ready to perform the request.",
    ALREADY_THERE: "A source already exists by that input name.",
    INVALID_KIND: "Your specified input kind is not supported by OBS.",
}
ALL_LOW_VOLUME = (1 << 11) - 1


@dataclass
class Input:
    muted: bool = False
    volume: float = 1.0
    sound: bool = True
    """False for images and the like."""
    active: bool = True
    """False while it is in no scene that is shown."""
    kind: str = "wasapi_input_capture"
    settings: dict[str, Any] = field(default_factory=dict)
    """What its properties say, where that is not the default."""
    refreshed: int = 0
    """How often a browser source was loaded anew."""


@dataclass(eq=False)
class _Client:
    request: web.Request
    socket: web.WebSocketResponse
    challenge: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    salt: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    subscriptions: int | None = None
    """None until identified."""

    async def send(self, op: int, data: Mapping[str, Any]) -> None:
        with contextlib.suppress(ConnectionResetError):
            await self.socket.send_bytes(msgpack.packb({"op": op, "d": data}))


@dataclass(eq=False)
class ObsDouble:
    """May be started and stopped again and again, always at the same address."""

    password: str | None = None
    inputs: dict[str, Input] = field(default_factory=lambda: {"Mic/Aux": Input(), "Desktop Audio": Input()})
    scenes: dict[str, dict[str, bool]] = field(default_factory=lambda: {"Game": {"Camera": True}, "Break": {}})
    """The sources of each scene, and whether they are shown."""
    scene: str = "Game"
    studio_mode: bool = False
    """True shows a copy of the scene, as OBS does by default, which changes with transitions only."""
    streaming: bool = False
    has_browser: bool = True
    """False as an OBS that was built without browser sources, such as Debian's."""
    canvas: tuple[int, int] = (1920, 1080)
    on_settings: Callable[[str, Mapping[str, Any]], None] = lambda name, changed: None
    """Called with each change of an input's settings, before it is made."""
    replay: str | None = None
    """The file a replay is saved to; None while the replay buffer does not run."""
    ending: set[str] = field(default_factory=set)
    """Inputs that OBS has told the end of and still lists, as it does for 0.1 to 0.2 s."""
    greets: bool = True
    """False never says Hello, as something else on that port."""
    is_obs: bool = True
    """False is some web server."""
    answers: bool = True
    """False takes requests and never answers."""
    ready: bool = True
    """False while OBS still loads."""
    says_goodbye: bool = True
    """False never completes a closing handshake."""
    refusals: int = 0
    """Logins refused so far."""
    logins: int = 0
    _port: int = field(default_factory=free_port)
    _runner: web.AppRunner | None = None
    _clients: set[_Client] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}"

    @property
    def listeners(self) -> int:
        """Clients that get the meters."""
        return sum(bool(client.subscriptions and client.subscriptions & METERS) for client in self._clients)

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
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()

    async def stop(self) -> None:
        """OBS is closed."""
        self.drop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # What happens in OBS

    async def meters(self, levels: Mapping[str, float]) -> None:
        """Send one frame with these levels before fader and mute (1.0 is full scale); what is not named is silent."""
        shown = {name: input for name, input in self.inputs.items() if input.active and input.sound}
        meters = [
            {"inputName": name, "inputLevelsMul": [[0.0, 0.0, 0.0], _channel(input, levels.get(name, 0.0))]}
            for name, input in shown.items()
        ]
        await self.event("InputVolumeMeters", METERS, inputs=meters)

    async def mute(self, name: str, muted: bool = True) -> None:
        self.inputs[name].muted = muted
        await self.event("InputMuteStateChanged", INPUTS, inputName=name, inputMuted=muted)

    async def rename(self, old: str, new: str) -> None:
        self.inputs[new] = self.inputs.pop(old)
        await self.event("InputNameChanged", INPUTS, oldInputName=old, inputName=new)

    async def create(self, name: str, input: Input) -> None:
        self.inputs[name] = input
        await self.event("InputCreated", INPUTS, inputName=name)

    async def remove(self, name: str) -> None:
        """It is listed until `forget`."""
        self.ending.add(name)
        await self.event("InputRemoved", INPUTS, inputName=name)

    def forget(self, name: str) -> None:
        """What was removed is listed no longer."""
        self.ending.discard(name)
        del self.inputs[name]

    async def show(self, scene: str) -> None:
        self.scene = scene
        await self.event("CurrentProgramSceneChanged", SCENES, sceneName=scene)

    async def rename_scene(self, old: str, new: str) -> None:
        self.scenes[new] = self.scenes.pop(old)
        self.scene = new if self.scene == old else self.scene
        await self.event("SceneNameChanged", SCENES, oldSceneName=old, sceneName=new)

    async def stream(self, streaming: bool = True) -> None:
        """It is on its way at first, as OBS tells it."""
        way, end = ("STARTING", "STARTED") if streaming else ("STOPPING", "STOPPED")
        for state in (way, end):
            self.streaming = state == "STARTED"
            await self._tell_stream(state, active=self.streaming)

    async def lose_stream(self) -> None:
        """The line to the platform breaks: OBS tells that nothing is active, and keeps the stream open."""
        await self._tell_stream("RECONNECTING", active=False)

    async def _tell_stream(self, state: str, *, active: bool) -> None:
        state = f"OBS_WEBSOCKET_OUTPUT_{state}"
        await self.event("StreamStateChanged", OUTPUTS, outputActive=active, outputState=state)

    async def switch_collection(self, inputs: Mapping[str, Input]) -> None:
        """Other inputs take the place of all; OBS tells of the collection only."""
        self.inputs = dict(inputs)
        await self.event("CurrentSceneCollectionChanged", CONFIG, sceneCollectionName="other")

    async def event(self, kind: str, intent: int, **data: Any) -> None:
        """Send any event to those who subscribed to its intent."""
        for client in tuple(self._clients):
            if client.subscriptions is not None and client.subscriptions & intent:
                await client.send(EVENT, {"eventType": kind, "eventIntent": intent, "eventData": data})

    async def send_raw(self, message: bytes) -> None:
        for client in tuple(self._clients):
            await client.socket.send_bytes(message)

    async def kick(self) -> None:
        """As the user of OBS may do with a session."""
        for client in tuple(self._clients):
            await client.socket.close(code=KICKED)

    def drop(self) -> None:
        """Cut every connection, without a goodbye."""
        for client in tuple(self._clients):
            if isinstance(client.request.transport, asyncio.Transport):
                client.request.transport.abort()

    # The protocol

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        if not self.is_obs:
            raise web.HTTPNotFound
        socket = web.WebSocketResponse(protocols=("obswebsocket.msgpack",), autoclose=self.says_goodbye)
        await socket.prepare(request)
        client = _Client(request, socket)
        self._clients.add(client)
        try:
            if self.greets:
                await client.send(HELLO, self._hello(client))
            await self._converse(client)
        finally:
            self._clients.discard(client)
        return socket

    def _hello(self, client: _Client) -> dict[str, Any]:
        hello: dict[str, Any] = {"obsWebSocketVersion": "5.5.2", "rpcVersion": 1}
        if self.password is not None:
            hello["authentication"] = {"challenge": client.challenge, "salt": client.salt}
        return hello

    async def _converse(self, client: _Client) -> None:
        async for message in client.socket:
            if message.type is not WSMsgType.BINARY:
                continue
            payload = msgpack.unpackb(message.data)
            code = await self._handle(client, payload["op"], payload["d"])
            if code is not None:
                await client.socket.close(code=code)
        if not self.says_goodbye:
            await asyncio.Event().wait()

    async def _handle(self, client: _Client, op: int, data: dict[str, Any]) -> int | None:
        """The close code, when the client broke the rules."""
        if op not in (IDENTIFY, REIDENTIFY, REQUEST):
            return UNKNOWN_OPCODE
        if op == IDENTIFY:
            return await self._identify(client, data)
        if client.subscriptions is None:
            return NOT_IDENTIFIED
        if op == REIDENTIFY:
            client.subscriptions = data.get("eventSubscriptions", client.subscriptions)
            await client.send(IDENTIFIED, {"negotiatedRpcVersion": 1})
        elif self.answers:
            await client.send(RESPONSE, self._respond(data))
            if data["requestType"] == "SaveReplayBuffer" and self.replay is not None:
                await self.event("ReplayBufferSaved", OUTPUTS, savedReplayPath=self.replay)
        return None

    async def _identify(self, client: _Client, data: dict[str, Any]) -> int | None:
        if client.subscriptions is not None:
            return ALREADY_IDENTIFIED
        if data["rpcVersion"] != 1:
            return UNSUPPORTED
        if self.password is not None and data.get("authentication") != _proof(self.password, client):
            self.refusals += 1
            return REFUSED
        self.logins += 1
        await client.send(IDENTIFIED, {"negotiatedRpcVersion": 1})
        client.subscriptions = data.get("eventSubscriptions", ALL_LOW_VOLUME)
        return None

    def _respond(self, data: dict[str, Any]) -> dict[str, Any]:
        code, answer = self._answer(data["requestType"], data.get("requestData") or {})
        response = {
            "requestType": data["requestType"],
            "requestId": data["requestId"],
            "requestStatus": {"result": code == SUCCESS, "code": code},
        }
        if code in COMMENTS:
            response["requestStatus"]["comment"] = COMMENTS[code]
        return response if answer is None else response | {"responseData": answer}

    def _answer(self, kind: str, data: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        if not self.ready:
            return NOT_READY, None
        if "Input" in kind:
            return self._answer_inputs(kind, data)
        if "Scene" in kind:
            return self._answer_scenes(kind, data)
        if kind == "GetVideoSettings":
            return SUCCESS, {"baseWidth": self.canvas[0], "baseHeight": self.canvas[1]}
        if kind == "GetStudioModeEnabled":
            return SUCCESS, {"studioModeEnabled": self.studio_mode}
        if kind == "GetStreamStatus":
            return SUCCESS, {"outputActive": self.streaming, "outputReconnecting": False}
        if kind == "SaveReplayBuffer":
            return (SUCCESS if self.replay is not None else NOT_RUNNING), None
        return UNKNOWN_REQUEST, None

    def _answer_inputs(self, kind: str, data: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        if kind == "GetInputList":
            wanted = data.get("inputKind")
            found = {name: input.kind for name, input in self.inputs.items() if wanted in (None, input.kind)}
            return SUCCESS, {"inputs": [{"inputName": name, "inputKind": kind} for name, kind in found.items()]}
        if kind == "CreateInput":
            return self._create_input(data)
        input = self.inputs.get(data["inputName"])
        if input is None:
            return NOT_FOUND, None
        if kind == "SetInputSettings":
            self.on_settings(data["inputName"], data["inputSettings"])
            input.settings = {**(input.settings if data.get("overlay", True) else {}), **data["inputSettings"]}
            return SUCCESS, None
        if kind == "GetInputMute":
            return (SUCCESS, {"inputMuted": input.muted}) if input.sound else (WRONG_STATE, None)
        if kind == "GetInputSettings":
            return SUCCESS, {"inputKind": input.kind, "inputSettings": input.settings}
        if kind == "PressInputPropertiesButton":
            if input.kind != BROWSER or data["propertyName"] != REFRESH:
                return NOT_FOUND, None
            input.refreshed += 1
            return SUCCESS, None
        return UNKNOWN_REQUEST, None

    def _create_input(self, data: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        name, kind = data["inputName"], data["inputKind"]
        if data["sceneName"] not in self.scenes:
            return NOT_FOUND, None
        if name in self.inputs:
            return ALREADY_THERE, None
        if kind == BROWSER and not self.has_browser:
            return INVALID_KIND, None
        self.inputs[name] = Input(kind=kind, settings=data.get("inputSettings") or {})
        self.scenes[data["sceneName"]][name] = data.get("sceneItemEnabled", True)
        return SUCCESS, {"inputUuid": name, "sceneItemId": len(self.scenes[data["sceneName"]]) - 1}

    def _answer_scenes(self, kind: str, data: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        if kind == "SetCurrentProgramScene":
            if data["sceneName"] not in self.scenes:
                return NOT_FOUND, None
            self.scene = data["sceneName"]
            return SUCCESS, None
        if kind == "GetCurrentProgramScene":
            return SUCCESS, {"currentProgramSceneName": self.scene}
        if kind == "GetSceneList":
            listed = [{"sceneIndex": i, "sceneName": name} for i, name in enumerate(reversed(self.scenes))]
            return SUCCESS, {"scenes": listed, "currentProgramSceneName": self.scene}
        if kind == "CreateSceneItem":
            self.scenes[data["sceneName"]][data["sourceName"]] = data.get("sceneItemEnabled", True)
            return SUCCESS, {"sceneItemId": len(self.scenes[data["sceneName"]]) - 1}
        if kind == "GetSceneItemList":
            numbered = enumerate(self.scenes[data["sceneName"]])
            return SUCCESS, {"sceneItems": [{"sceneItemId": i, "sourceName": name} for i, name in numbered]}
        if kind == "GetSceneItemId":
            items = list(self.scenes[data["sceneName"]])
            known = data["sourceName"] in items
            return (SUCCESS, {"sceneItemId": items.index(data["sourceName"])}) if known else (NOT_FOUND, None)
        if kind == "SetSceneItemEnabled":
            items = list(self.scenes[data["sceneName"]])
            self.scenes[data["sceneName"]][items[data["sceneItemId"]]] = data["sceneItemEnabled"]
            return SUCCESS, None
        return UNKNOWN_REQUEST, None


def _channel(input: Input, level: float) -> list[float]:
    heard = 0.0 if input.muted else level * input.volume
    return [heard / 2, heard, level]


def _proof(password: str, client: _Client) -> str:
    secret = base64.b64encode(hashlib.sha256((password + client.salt).encode()).digest())
    return base64.b64encode(hashlib.sha256(secret + client.challenge.encode()).digest()).decode()
