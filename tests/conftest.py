import gc
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from _pytest.runner import runtestprotocol
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from tests.shares import OwnShares, Share, worth_telling

if TYPE_CHECKING:
    from tests.doubles.redis_server import RedisServer

SHARE: Final = pytest.StashKey[Share]()

WANT_ALL: Final = ("maxfail", "xmlpath", "htmlpath")
"""Options with which all of a test is told, as it happens: of a failure that ends the run before what cleans up."""

gc.disable()  # until all is collected: nothing of it becomes garbage
pytest.register_assert_rewrite("tests.stories.stories", "tests.stories.backstage")  # before others import them


@pytest.fixture(scope="session")
def redis_server() -> "Iterator[RedisServer]":
    """A real Redis server for the whole run; tests keep apart by namespace or relay name."""
    from tests.doubles.redis_server import redis_server as started

    with started() as server:
        yield server


@pytest.fixture
def unused_tcp_port() -> int:
    """As pytest-asyncio has it, but no outgoing connection of the machine takes it before it is opened."""
    from tests.doubles.ports import free_port

    return free_port()


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """The openai client tries again at once."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.0)


@pytest.fixture
def looks_for_garbage() -> Iterator[None]:
    """For what changes how often they are, and through what: both are as before for the tests that follow."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.freeze()


@pytest.fixture
def loss_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Those before connections are made anew, each of which counts as lost soon; in truth nobody waits for so long."""
    from relay.system import backoff

    drawn: list[float] = []
    draw = backoff.LossPauses.next

    def note(pauses: backoff.LossPauses) -> float:
        drawn.append(draw(pauses))
        return 0.0

    monkeypatch.setattr(backoff, "SETTLED", math.inf)
    monkeypatch.setattr(backoff.LossPauses, "next", note)
    return drawn


def pytest_xdist_auto_num_workers() -> int:
    """Workers for `-n auto`: six more than cores, as tests often wait: for sound, for a page, for a process to end."""
    return (os.cpu_count() or 1) + 6


def pytest_xdist_setupnodes() -> None:
    """Where there is no fork, workers start as pytest-xdist has it."""
    if sys.platform != "win32":
        from tests.workers import fork_workers

        fork_workers()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OwnShares:
    return OwnShares(config, log)


def pytest_testnodedown(node: WorkerController, error: object) -> None:
    """What a worker that died would have run counts as failed, also where it died before any test."""
    if error:
        node.config.pluginmanager.getplugin("session").testsfailed += 1


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return config.stash[SHARE].is_others(collection_path) or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items[:] = config.stash[SHARE].without_others(items)


def pytest_configure(config: pytest.Config) -> None:
    """What takes long to load is loaded here or later, and not above: none of it is compiled anew."""
    _keep_bytecode(config)
    config.stash[SHARE] = Share.of(config)
    import hypothesis

    # How fast the machine is decides no verdict.
    unhurried = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.register_profile("certain", unhurried, derandomize=True, max_examples=25)
    hypothesis.settings.register_profile("searching", unhurried)  # for examples that no other run has tried
    hypothesis.settings.load_profile("certain")
    if not config.getoption("--hypothesis-profile"):
        _draw_from_no_sources()


def _draw_from_no_sources() -> None:
    """Keep constants of the relay's sources out of the examples, unless a person searches for new ones.

    Which sources are loaded differs from worker to worker, and so would what is tried; each reads them for a second.
    """
    from hypothesis.internal.conjecture import providers
    from hypothesis.internal.constants_ast import Constants

    vars(providers)["_get_local_constants"] = Constants


def _keep_bytecode(config: pytest.Config) -> None:
    """Where Python is told not to keep bytecode, keep it with pytest's own cache.

    Every worker, and every process that a test starts, would compile all of it anew: half a minute on two cores.
    """
    if sys.dont_write_bytecode and config.pluginmanager.hasplugin("cacheprovider"):
        assert config.cache is not None
        sys.dont_write_bytecode = False
        sys.pycache_prefix = str(config.cache.mkdir("bytecode"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """A worker tells the controller no more of a test than anyone asks: to tell all costs a fifth of a small test."""
    if not hasattr(item.config, "workerinput") or any(item.config.getoption(name, None) for name in WANT_ALL):
        return None
    for report in worth_telling(runtestprotocol(item, log=False, nextitem=nextitem)):
        item.ihook.pytest_runtest_logreport(report=report)
    return True


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was loaded and collected stays, so the garbage collector need not look through it again."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)
