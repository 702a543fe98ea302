"""The scripts of one session of a chat, in a JavaScript engine that reaches nothing but what it is given.

The engine runs in WebAssembly; no function of ours is exposed to it. A call passes the state of the chat in as JSON and
takes orders out as JSON. What is endless, throws or takes too much memory costs its limit and no more.
"""

import json
import logging
import posixpath
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from relay.companion.scenario import flags
from relay.companion.scenario.files import ScriptLimits
from relay.companion.scenario.model import Scalar
from relay.companion.scripting import parsing
from relay.companion.state.orders import Fields, Order

if TYPE_CHECKING:
    from relay.companion.scripting.engine import Engine

log = logging.getLogger(__name__)

CHAT: Final = "@voxta"
"""The module that scripts import the chat from."""
ENDLESS_CALLS: Final = "it called itself without end"
FIRST_SCRIPT: Final = f"""import {{ chat }} from "{CHAT}";
chat.addEventListener("init", (e) => {{ chat.setFlags("a"); console.log(`${{e}} ${{chat.hasFlag("a")}}`); }});
export async function trigger(e) {{ await null; chat.note("x".replace(/x/, "y")); throw new Error("first"); }}
"""
"""Uses a little of everything."""


@dataclass(frozen=True)
class ScriptState:
    """The chat as scripts find it."""

    flags: frozenset[str]
    variables: Mapping[str, Scalar]
    time: float
    """Seconds of chat time."""
    now: float
    """Seconds since the epoch; what scripts take for the clock."""
    user: Mapping[str, Any]
    characters: tuple[Mapping[str, Any], ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"flags": sorted(self.flags)})


@dataclass(frozen=True)
class Result:
    """What a call came to."""

    orders: tuple[Order, ...] = ()
    error: str | None = None
    """What went wrong, with file and line, fit to be shown."""
    restarted: bool = False
    """Whether the engine was lost and the scripts begin anew: the scenario's own has to be opened again."""


@cache
def warm_up() -> None:
    """Load and compile the engine and run through it once, which takes half a second.

    Afterwards a session begins in a millisecond, and a limit of some milliseconds is one on the script alone.
    """
    path, nobody = "scripts/first.js", ScriptState(frozenset(), {}, 0, 0, {}, ())
    first = Scripts({path: FIRST_SCRIPT}, seed=0, limits=ScriptLimits(seconds=30), is_first=True)
    first.trigger(path, {}, nobody)
    first.emit("init", {}, nobody)
    first.close()


class Endless(Exception):
    """The top level of a script was stopped, or waits for what never comes."""


class Thrown(Exception):
    """The top level of a script threw; the text tells what, with file and line."""


class Scripts:
    """Runs the scripts of a scenario. `sources` holds them by their path in its folder."""

    def __init__(self, sources: Mapping[str, str], *, seed: int, limits: ScriptLimits, is_first: bool = False) -> None:
        """`is_first` for the one that warms the engine up."""
        self._is_first = is_first
        self._sources = sources
        self._seed = seed
        self._limits = limits
        self._name = f"voxta_{secrets.token_hex(8)}"
        self._engine: Engine | None = None
        self._loaded: set[str] = set()
        self._listeners: frozenset[str] = frozenset()
        self._missing = ""
        """What could not be imported, and where."""

    def close(self) -> None:
        """Let go of the engine."""
        engine, self._engine = self._engine, None
        self._loaded.clear()
        self._listeners = frozenset()
        if engine is not None:
            engine.close()

    def hears(self, name: str) -> bool:
        """Whether any listener waits for an event."""
        return name in self._listeners

    def open(self, path: str, state: ScriptState) -> Result:
        """Run a script of the scenario, which registers its listeners."""
        return self._call(state, path, path)

    def trigger(self, path: str, event: Fields, state: ScriptState) -> Result:
        """Call the function `trigger` that a script exports."""
        return self._call(state, path, path, f"trigger({json.dumps(path)},{json.dumps(event)})")

    def emit(self, name: str, event: Fields, state: ScriptState) -> Result:
        """Call all listeners of an event; one that fails keeps no other from being called."""
        return self._call(state, f"the listener of {name!r}", None, f"emit({json.dumps(name)},{json.dumps(event)})")

    def call_back(self, callback: int, state: ScriptState) -> Result:
        """Call what a script left to be called after speech."""
        return self._call(state, "afterSpeech", None, f"callBack({callback:d})")

    # One call

    def _call(self, state: ScriptState, what: str, path: str | None, call: str = "") -> Result:
        """Load a script, if it is not yet, and make a call, if any is given; `what` stands in errors."""
        problem = None
        restarted = False
        self._missing = ""
        begin = f"{self._name}.begin({json.dumps(state.to_json())})"
        end = f"{self._name}.end()"
        run = f"{self._name}.{call}," if call else ""
        done: object = None
        try:
            if path is not None and path not in self._loaded:
                self._eval(f"{begin},0")
                self._load(path)
                done = self._eval(f"{run}{end}")
            else:
                done = self._eval(f"{begin},{run}{end}")
            later = self._engine is not None and self._engine.drain()
        except Exception as error:
            problem, restarted = self._failed(error, what)
            later = not restarted
        return self._result([done, self._eval(end) if later else None], problem, restarted)

    def _result(self, answers: list[object], problem: str | None, restarted: bool) -> Result:
        orders: list[Order] = []
        problems = [problem] if problem else []
        for answer in map(parsing.answer, answers):
            made, wrong = parsing.orders(answer.get("orders"))
            orders += made
            problems += [*map(_described, answer.get("errors") or []), *wrong]
            if "listeners" in answer:
                self._listeners = frozenset(name for name in answer["listeners"] if isinstance(name, str))
        return Result(tuple(orders), "; ".join(problems)[:2_000] or None, restarted)

    def _failed(self, error: Exception, what: str) -> tuple[str, bool]:
        """What went wrong, and whether the engine is lost by it."""
        import quickjs_rs

        from relay.companion.scripting.engine import EngineLost, TimeUp, TimeUpInside, stack_of

        stack = error.args[0] if isinstance(error, TimeUp) and error.args else stack_of(error)
        where = parsing.place(stack) or what
        match error:
            case TimeUp():
                return f"{where}: it took longer than {self._limits.seconds * 1_000:g} ms and was stopped", False
            case quickjs_rs.MemoryLimitError():
                return f"{where}: it took more than {self._limits.memory // 2**20} MiB and was stopped", False
            case Thrown():
                return str(error), False
            case Endless():
                return f"{error}:1: what stands outside its functions does not come to an end", False
            case quickjs_rs.QuickJSError():
                return self._missing or f"{where}: {error}", False
            case EngineLost():
                log.debug("The script engine is lost", exc_info=error)
                self.close()
                limit = f"{self._limits.seconds * 1_000:g} ms"
                why = f"one step of it took longer than {limit}" if isinstance(error, TimeUpInside) else ENDLESS_CALLS
                return f"{what}: {why}; all scripts were started anew", True
            case _:
                raise error

    # The engine

    def _eval(self, code: str, *, module: bool = False) -> object:
        if self._engine is None:
            if not self._is_first:
                warm_up()
            self._engine = self._start()
        return self._engine.eval(code, module=module)

    def _start(self) -> "Engine":
        from relay.companion.scripting.engine import Engine

        limits = self._limits
        given = {
            "name": self._name,
            "seed": self._seed & 0xFFFF_FFFF,
            "flag": f"^(?:{flags.NAME.pattern})$",
            "orders": limits.orders,
            "text": limits.text,
        }
        prelude = resources.files(__package__).joinpath("prelude.js").read_text("utf-8")
        return Engine(
            seconds=limits.seconds,
            memory=limits.memory,
            stack=limits.stack,
            normalize=self._resolve,
            load=self._source,
            prelude=f"({prelude})({json.dumps(given)})",
        )

    def _load(self, path: str) -> None:
        known = json.dumps(path)
        self._eval(f"import * as script from {known}; {self._name}.add({known}, script);", module=True)
        if not self._eval(f"{self._name}.has({known})"):
            self._wait_for(path, known)
        self._loaded.add(path)

    def _wait_for(self, path: str, known: str) -> None:
        """Let the top level of a script come to its end. Raises Thrown or Endless when it does not."""
        self._eval(f"{self._name}.find({known})")
        if self._engine is not None:
            self._engine.drain()
        if failure := parsing.answer(self._eval(f"{self._name}.found()")):
            raise Thrown(_described(failure, path))
        if not self._eval(f"{self._name}.has({known})"):
            raise Endless(path)

    def _resolve(self, base: str, specifier: str) -> str | None:
        """A relative import is one of the scenario's scripts, with or without .js; nothing else can be had."""
        if specifier == CHAT or specifier in self._sources:
            return specifier
        path = posixpath.normpath(posixpath.join(posixpath.dirname(base), specifier))
        found = next((p for p in (path, f"{path}.js") if p in self._sources), None)
        if found is None:
            self._missing = f"{base}: there is no {specifier!r}; import {CHAT!r}, or a script here such as './lib'"
        return found

    def _source(self, path: str) -> str | None:
        if path == CHAT:
            return f"export const chat = globalThis.{self._name}.chat;"
        source = self._sources.get(path)
        return "\n" if source == "" else source  # the engine takes an empty one for none


def _described(error: object, what: str = "") -> str:
    """What a script threw, and where: in `what`, if nothing else is known."""
    if not isinstance(error, dict):
        return "a script failed"
    where = parsing.place(str(error.get("stack"))) or what
    return f"{where}: {error.get('message')}" if where else str(error.get("message"))
