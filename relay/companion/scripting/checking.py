"""What `relay companion check` finds in a scenario."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from relay.companion.scenario.files import Loaded, load
from relay.companion.scripting.sandbox import Scripts, ScriptState
from relay.companion.state.chat import Participant
from relay.errors import ConfigError

FROM_THE_RELAY: Final = ("stream.live", "stream.offline", "raid.active")
"""Flags that the relay sets."""


def summary(folder: Path) -> str:
    """What is in a scenario, in a few lines. Raises ConfigError, which lists all that is wrong."""
    loaded = load(folder)
    wrong = broken(loaded)
    if wrong:
        raise ConfigError("\n".join(wrong))
    scenario = loaded.scenario
    parts = {
        "characters": [f"{c.name} ({c.role}{', narrator' if c.narrator else ''})" for c in scenario.characters],
        "contexts": [c.name or c.text[:30] for c in scenario.contexts],
        "first messages": [m.text[:30] for m in scenario.bootstrap],
        "events": [event.name for event in scenario.events],
        "actions": [action.name for action in scenario.actions],
        "scripts": list(loaded.scripts),
    }
    lines = [f"  {kind}: {', '.join(names)}" for kind, names in parts.items() if names]
    return "\n".join([f"{scenario.name}: no mistakes", *lines, *(f"  warning: {line}" for line in doubtful(loaded))])


def doubtful(loaded: Loaded) -> list[str]:
    """What is no mistake, and yet surely not meant: what counts from a flag that nothing else sets never happens."""
    parts = (*loaded.scenario.events, *loaded.scenario.actions)
    scripts = "\n".join(loaded.scripts.values())
    given = (*loaded.scenario.flags, *FROM_THE_RELAY)
    found = []
    for part in parts:
        for flag in {window.since for window in (part.messages, part.time) if window is not None and window.since}:
            setters = [other.name for other in parts if _sets(other.effect.set_flags, flag)]
            if not set(setters) - {part.name} and not _sets(given, flag) and flag not in scripts:
                who = "only it sets" if setters else "nothing here sets"
                found.append(f"{part.name!r} never happens: it counts from the flag {flag!r}, which {who}")
    return sorted(found)


def _sets(changes: Iterable[str], flag: str) -> bool:
    """Whether one of them sets the flag, or a value of it."""
    return any(change == flag or change.startswith(f"{flag}.") for change in changes)


def broken(loaded: Loaded) -> list[str]:
    """What is wrong with the scripts, with file and line; each is run up to its functions."""
    called = {
        part.effect.script: part.name
        for part in (*loaded.scenario.events, *loaded.scenario.actions)
        if part.effect.script is not None
    }
    asking = {f"check/{path}": f'import {{ trigger }} from "{path}";' for path in called}
    scripts = Scripts({**loaded.scripts, **asking}, seed=0, limits=loaded.limits)
    state = _state(loaded)
    wrong = []
    try:
        for path in loaded.scripts:
            if error := scripts.open(path, state).error:
                wrong.append(error)
            elif path in called and scripts.open(f"check/{path}", state).error:
                fix = "add export function trigger(e) { ... }"
                wrong.append(f"{path}: it exports no function trigger, which {called[path]!r} calls; {fix}")
    finally:
        scripts.close()
    return wrong


def _state(loaded: Loaded) -> ScriptState:
    cast = [Participant(c.role, c.name, c.role) for c in loaded.scenario.characters]
    people = tuple({"id": c.id, "name": c.name, "scenarioRole": c.role, "assets": []} for c in cast)
    return ScriptState(frozenset(), {}, 0.0, 0.0, {"id": "user", "name": "user"}, people)
