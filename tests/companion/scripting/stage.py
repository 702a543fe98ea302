"""Scripts without a companion around them."""

from typing import Any

from relay.companion.scenario.files import ScriptLimits
from relay.companion.scripting.sandbox import Result, Scripts, ScriptState
from relay.companion.state.orders import Order
from tests.companion.play import PATIENT

VOX = {"id": "c1", "name": "Vox", "scenarioRole": "main", "assets": ["Vox/wave.png"]}
CATHERINE = {"id": "c2", "name": "Catherine", "scenarioRole": "friend", "assets": []}
STREAMER = {"id": "u", "name": "Streamer"}
SAID = {"id": "m", "senderId": "u", "index": 7, "conversationIndex": 5, "role": "User", "text": "Go left, John"}
EVENT: dict[str, Any] = {
    "message": SAID,
    "character": VOX,
    "user": STREAMER,
    "arguments": {"speed": 3, "limbName": "arm"},
}
IMPORT = 'import { chat } from "@voxta";\n'


def state(
    *flags: str, time: float = 12.5, now: float = 1_000.0, variables: dict[str, bool | int | float | str] | None = None
) -> ScriptState:
    return ScriptState(frozenset(flags), variables or {}, time, now, STREAMER, (VOX, CATHERINE))


def run(body: str, *flags: str, limits: ScriptLimits = PATIENT) -> Result:
    """Trigger a script whose function has this body."""
    source = f"{IMPORT}export function trigger(e) {{ {body} }}"
    return trigger({"t": source}, *flags, limits=limits)


def trigger(scripts: dict[str, str], *flags: str, limits: ScriptLimits = PATIENT) -> Result:
    """Trigger the script t among these."""
    sources = {f"scripts/{name}.js": source for name, source in scripts.items()}
    engine = Scripts(sources, seed=1, limits=limits)
    try:
        return engine.trigger("scripts/t.js", EVENT, state(*flags, variables={"known": 5}))
    finally:
        engine.close()


def orders(body: str, *flags: str) -> list[Order]:
    """What a script orders whose function has this body; it must not fail."""
    return well(run(body, *flags))


def well(result: Result) -> list[Order]:
    """What was ordered by a call that did not fail."""
    assert result.error is None
    return list(result.orders)
