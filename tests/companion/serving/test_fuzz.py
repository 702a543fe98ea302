"""Whatever a client sends, the companion stays up and serves the next one."""

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay.companion.scenario.example import EXAMPLE
from relay.companion.scenario.files import load
from relay.companion.serving.server import CompanionServer
from relay.wire.client import MESSAGES
from tests.companion.conftest import SETTINGS
from tests.companion.raw import ScriptedBrain, connected
from tests.support import examples

SCENARIO = load(EXAMPLE)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=8), v, max_size=3), max_leaves=8
)
fields = [
    "sessionId", "chatId", "characterId", "messageId", "text", "name", "contextKey", "contexts", "setFlags", "actions",
    "arguments", "duration", "startIndex", "pause", "enabled", "scenarioId", "generateConstraintRequest", "events",
    "variables", "enableRoles", "value", "effect",
]  # fmt: skip
known = st.sampled_from(
    [
        "SESSION", "CHAT", "CHARACTER", "*", "/char x", "/setflags a !b", "[x]", "\ud800", "{{ user }}", "/story x",
        "/trigger roll_dice sides=x", "/message --role Note --use-story-writer -- x", "/context x", "roll_dice", "raid",
        "/repeat", "/rollback", "/regenerate", "pineapple", "main",
    ]
)  # fmt: skip
effects = st.fixed_dictionaries({}, optional={"note": known, "event": known, "setFlags": st.lists(known)})
parts = st.lists(
    st.dictionaries(
        st.sampled_from(["name", "effect", "layer", "timing", "flagsFilter", "messages", "match", "probability"]),
        known
        | values
        | st.fixed_dictionaries({}, optional={"note": known, "event": known, "setFlags": st.lists(known)}),
        max_size=4,
    ),
    max_size=2,
)
messages = st.builds(
    lambda kind, body: {"$type": kind, **body},
    st.sampled_from(sorted(MESSAGES)) | st.text(max_size=10),
    st.dictionaries(st.sampled_from(fields), known | values | parts, max_size=6),
)
frames = (
    st.builds(
        lambda target, arguments, call: {"type": 1, "target": target, "arguments": arguments, "invocationId": call},
        st.just("SendMessage") | values,
        messages.map(lambda message: [message]) | values,
        values,
    )
    | values
)
records = frames.map(json.dumps) | st.text(max_size=40)


async def survives(sent: list[str], pieces: int) -> None:
    async with (
        CompanionServer(SETTINGS, scenario=SCENARIO) as companion,
        connected(companion.url) as friend,
        connected(companion.url) as fuzzer,
    ):
        started = await friend.enter()
        await fuzzer.enter()
        names = {"SESSION": friend.session_id, "CHAT": friend.chat_id, "CHARACTER": started["characters"][0]["id"]}
        text = "\x1e".join(sent) + "\x1e"
        for name, value in names.items():
            text = text.replace(name, value)
        text = text.encode("utf-8", "replace").decode()
        for start in range(0, len(text), pieces):
            await fuzzer.socket.send_str(text[start : start + pieces])
        closes = '"type":7' in text.replace(" ", "")
        if not closes:
            assert "error" not in await fuzzer.call("loadCharactersList")
        assert "error" not in await friend.call("loadCharactersList")
        assert not [m for m in fuzzer.messages + friend.messages if "companion's log" in m.get("message", "")]


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records, min_size=1, max_size=12), st.integers(5, 4_000))
def test_no_frames_bring_it_down(sent: list[str], pieces: int) -> None:
    asyncio.run(survives(sent, pieces))


async def test_a_message_nested_without_end_is_refused_and_nobody_else_notices() -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = {"a": deep}
    async with CompanionServer(SETTINGS, brain=ScriptedBrain()) as companion, connected(companion.url) as client:
        await client.enter()

        await client.send_frame(
            {"type": 1, "target": "SendMessage", "arguments": [
                {"$type": "updateContext", "sessionId": client.session_id, "contextKey": "k", "actions": [deep]}
            ]}
        )  # fmt: skip

        assert "nested deeper" in (await client.expect("error"))["message"]
        assert "error" not in await client.in_chat("updateContext", contextKey="k", actions=[{"name": "wave"}])
