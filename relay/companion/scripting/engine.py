"""The JavaScript engine, with a limit of time that nothing inside it escapes.

QuickJS looks at its own limit between the steps of a script, and so not during one long step, such as joining a billion
strings. It runs in WebAssembly, and that can be stopped anywhere: by moving Wasmtime's epoch, which a thread does.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final

import quickjs_rs
import wasmtime
from quickjs_rs import _engine as engine_module
from quickjs_rs import _wasmtime as shared_module

LOOK_EVERY: Final = 0.005
"""Seconds between two looks at a call that runs."""
GRACE: Final = 0.1
"""Seconds a call may take beyond its limit, in which QuickJS can stop it by itself and go on to be used."""
IDLE_AFTER: Final = 1.0
"""Seconds without a call after which nobody looks any more."""
_NEVER: Final = 2**40
"""Ticks of the epoch that are not reached."""


class TimeUp(Exception):
    """A call took too long and was stopped; the engine can be used again. `args[0]` is the stack, if it is known."""


class EngineLost(Exception):
    """A call broke the engine; a new one has to be started."""


class TimeUpInside(EngineLost):
    """One step of a call took too long."""


class Allowance:
    """The time a call may still take, for one who looks again and again.

    What passed since the look before costs at most half of it: it need not be the call's doing. Python may have
    collected garbage in this thread, or the machine stood still. A call without end has spent it at the second look.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._most = seconds / 2
        self._left = seconds
        self._looked = clock()

    def is_spent(self) -> bool:
        """To be asked often. What is spent stays so."""
        now = self._clock()
        self._left -= min(now - self._looked, self._most)
        self._looked = now
        return self._left <= 0


class Engine:
    """One engine with its own globals. Made, used and closed in one thread at a time."""

    def __init__(
        self,
        *,
        seconds: float,
        memory: int,
        stack: int,
        normalize: Callable[[str, str], str | None],
        load: Callable[[str], str | None],
        prelude: str,
    ) -> None:
        """`prelude` is trusted code that is run first. Each call after it takes at most `seconds` of the processor's
        time. `memory` and `stack` in bytes.
        """
        self._watchdog = _watchdog()
        self._seconds = seconds
        self._allowance = Allowance(_NEVER, time.thread_time)
        self._runtime = quickjs_rs.Runtime(memory_limit=memory, stack_limit=stack)
        self._runtime.set_module_loader(normalize=normalize, load=load)
        self._runtime._engine_rt.set_interrupt_handler(self._is_due)
        self._context = self._runtime.new_context(timeout=_NEVER)
        self._context.eval(prelude, filename="<prelude>")

    def close(self) -> None:
        self._runtime.close()

    def eval(self, code: str, *, module: bool = False) -> object:
        """Run code. Raises TimeUp, EngineLost, and quickjs_rs.QuickJSError at what the code throws."""
        with self._limited():
            result: object = self._context.eval(code, module=module, filename="<companion>")
            return result

    def drain(self) -> bool:
        """Run what async functions left to be done. Whether there was anything. Raises as `eval` does.

        quickjs_rs drains this queue only for its own `eval_async`, which needs an event loop; here nothing waits.
        """
        with self._limited():
            ran: bool = self._context._engine_ctx.run_pending_jobs() > 0
            if self._is_due():
                raise TimeUp
            return ran

    def _is_due(self) -> bool:
        return self._allowance.is_spent()

    @contextmanager
    def _limited(self) -> Iterator[None]:
        self._allowance = Allowance(self._seconds, time.thread_time)
        store = self._context._engine_ctx._inst.store
        try:
            with self._watchdog.watching(store, self._seconds + GRACE) as watched:
                yield
        except quickjs_rs.InterruptError as error:
            raise TimeUp(stack_of(error)) from None
        except (quickjs_rs.QuickJSError, TimeUp):
            raise
        except Exception as error:  # a trap: what stopped the WebAssembly below QuickJS
            raise (TimeUpInside if watched.was_stopped else EngineLost)(str(error)) from error


def stack_of(error: Exception) -> str | None:
    """Where a script failed. What stops it carries that only in the engine's own error."""
    known: BaseException = error.__context__ or error
    return str(known.args[2]) if len(known.args) > 2 else None


class _Watch:
    """One call, in the thread that makes it."""

    def __init__(self, seconds: float) -> None:
        self.was_stopped = False
        self._allowance = Allowance(seconds, self._clock_of_this_thread())

    def is_due(self) -> bool:
        """Asked from another thread."""
        return self._allowance.is_spent()

    @staticmethod
    def _clock_of_this_thread() -> Callable[[], float]:
        if not hasattr(time, "pthread_getcpuclockid"):
            return time.monotonic
        clock = time.pthread_getcpuclockid(threading.get_ident())
        return lambda: time.clock_gettime(clock)


class _Watchdog:
    """Stops the call that runs when it takes too long. One call runs at a time."""

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._calls = threading.Lock()
        self._changed = threading.Condition()
        self._watch: _Watch | None = None
        self._is_looking = False
        threading.Thread(target=self._look, name="script watchdog", daemon=True).start()

    @contextmanager
    def watching(self, store: wasmtime.Store, seconds: float) -> Iterator[_Watch]:
        """Stop what is called in the block after that much of the processor's time."""
        with self._calls:
            watch = _Watch(seconds)
            store.set_epoch_deadline(1)
            with self._changed:
                self._watch = watch
                if not self._is_looking:
                    self._changed.notify()
            try:
                yield watch
            finally:
                with self._changed:
                    self._watch = None
                store.set_epoch_deadline(_NEVER)

    def _look(self) -> None:
        quiet_since = 0.0
        with self._changed:
            while True:
                if self._watch is not None:
                    quiet_since = time.monotonic()
                    if self._watch.is_due():
                        self._watch.was_stopped = True
                        self._watch = None
                        self._engine.increment_epoch()
                self._is_looking = time.monotonic() - quiet_since < IDLE_AFTER
                self._changed.wait(LOOK_EVERY if self._is_looking else None)


class _Store(wasmtime.Store):
    """One that is not stopped before it is watched."""

    def __init__(self, engine: wasmtime.Engine) -> None:
        super().__init__(engine)
        self.set_epoch_deadline(_NEVER)


class _Wasmtime:
    """Wasmtime as quickjs_rs finds it, which offers no way to choose the store."""

    Store = _Store

    def __getattr__(self, name: str) -> Any:
        return getattr(wasmtime, name)


def engine_settings() -> wasmtime.Config:
    """What it compiles is kept among the user's caches, where that can be: compiling takes more than a second."""
    config = wasmtime.Config()
    config.epoch_interruption = True
    with suppress(wasmtime.WasmtimeError):
        config.cache = True
    return config


_FIRST: Final = threading.Lock()


def _watchdog() -> _Watchdog:
    with _FIRST:
        return _only_watchdog()


@cache
def _only_watchdog() -> _Watchdog:
    """The one of this process. It has to be there before quickjs_rs makes an engine for itself."""
    assert shared_module._SHARED_ENGINE is None, "quickjs_rs was used before"
    shared_module._SHARED_ENGINE = wasmtime.Engine(engine_settings())
    setattr(engine_module, "wasmtime", _Wasmtime())  # noqa: B010 - its types say that nobody sets it
    return _Watchdog(shared_module._SHARED_ENGINE)
