"""The ways to run a relay: the demo, live, from a recording, the companion alone."""

import asyncio
import logging
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from rich.console import Console

from relay.application import browser, replay
from relay.application.audio import LiveAudio
from relay.application.composition import MakePlatforms, Relay
from relay.application.connect import voxta
from relay.application.console import show
from relay.application.draining import leaving, until_drained
from relay.application.plain_view import narrate, tell_held
from relay.application.restarts import LiveRun, keep_running
from relay.application.running import running, until
from relay.application.serving import serving, serving_anywhere
from relay.application.settings import load
from relay.application.settings.file import SettingsFile
from relay.application.statistics import Statistics
from relay.application.terminal_view import TerminalView, WatchedRelay
from relay.application.tracing import traced
from relay.companion.scenario.example import EXAMPLE
from relay.companion.serving.server import CompanionServer
from relay.config import (
    BudgetSection,
    CompanionSection,
    InboxSection,
    RelaySection,
    ScenarioSection,
    SelectionSection,
    SpeechSection,
    VoxtaSection,
)
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.inbox.base import Copyable
from relay.platforms import listed
from relay.platforms.base import Notes, Platform, PlatformControls, Receive
from relay.platforms.info import Surroundings
from relay.platforms.simulated import QuietPlatform, SimulatedPlatform
from relay.system import clock
from relay.text.aloud.emotes import Emotes
from relay.text.printable import printable
from relay.text.unicode import one_line
from relay.web.control import TERMINAL, ControlServer
from relay.web.server import WebServer

log = logging.getLogger(__name__)


async def demo(console: Console, *, seconds: float | None, seed: int, speech: bool = False) -> dict[str, object]:
    """An invented crowd and the embedded companion, until `seconds` have passed or a person ends it.

    With `speech` the companion is heard in a browser.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = load(
            relay=RelaySection(name="demo", data_dir=Path(folder)),
            inbox=InboxSection(),
            voxta=VoxtaSection(),
            companion=CompanionSection(seed=seed, scenario=EXAMPLE, speech="espeak" if speech else "none"),
            speech=SpeechSection(enabled=speech, sinks=("overlay",)),
            budget=BudgetSection(rates={"all": 40, "viewer": 20}),
            selection=SelectionSection(seed=seed, loud_per_minute=60),
            scenario=ScenarioSection(allow=("post",)),
        )

        def crowd(receive: Receive, *_: object) -> Sequence[Platform]:
            return [SimulatedPlatform(info, receive, seed=seed) for info in listed.PLATFORMS if info.crowd is not None]

        statistics = _statistics(console)
        audio = LiveAudio(config)
        async with voxta(config, port=0) as url, AsyncExitStack() as stack:
            relay = Relay(config, crowd, voxta_url=url, statistics=statistics, audio=audio)
            server = await stack.enter_async_context(serving_anywhere(config, relay, audio))
            show(f"See it in a browser: {server.url}/", err=console.stderr)
            if speech:
                if not console.is_terminal:  # the live view has the keyboard
                    _fall_silent_on_enter(relay)
                show(
                    f"Open {server.url}/overlay?controls=1 to hear the companion; Enter interrupts it.",
                    err=console.stderr,
                )
            task = await stack.enter_async_context(running(relay))
            await stack.enter_async_context(_watched(console, statistics, relay, "Relay demo"))
            await until(task, asyncio.create_task(_pass(seconds)))
            await relay.end("the demo ended")
    return statistics.summary()


async def live(file: SettingsFile, console: Console, *, mends: bool, open_page: bool = False) -> None:
    """The real thing, until cancelled, and anew when the page wants that; see `keep_running`."""
    await keep_running(file, partial(_live, console, open_page), mends=mends)


async def _live(console: Console, open_page: bool, run: LiveRun) -> None:
    config = run.config
    logging.getLogger().setLevel(config.relay.log_level.upper())
    audio = LiveAudio(config)

    from relay.application.watching import watched, watching

    statistics, emotes = _statistics(console), Emotes()
    async with watched(config.operations) as watch, voxta(config, emotes=emotes) as url:
        platforms = platforms_of(config, audio)
        relay = Relay(config, platforms, voxta_url=url, statistics=statistics, audio=audio, emotes=emotes)
        copy_store = relay.inbox.copy_to if isinstance(relay.inbox, Copyable) else None
        async with (
            serving(config, relay, audio, run) if config.web.enabled else nullcontext() as server,
            traced(config, relay.events),
            running(relay) as task,
            leaving(relay, is_followed=lambda: run.wanted is not None),
            watching(watch, config.relay.name, relay, statistics, relay.platforms),
            ControlServer(relay.controls, watch.exposition.text, config.control_file, copy_store),
            _watched(console, statistics, relay, _title(run)),
        ):
            run.is_up.set()
            watch.is_up()
            if not listed.enabled(config) and not run.is_mending:
                log.warning("%s", _missing(server))
            if open_page and run.is_first and server is not None:
                await asyncio.to_thread(browser.open_page, browser.page_address(config.web, server.url))
            await until_drained(relay, task, watch)


def _title(run: LiveRun) -> str:
    name = f"Relay {run.config.relay.name}"
    return f"{name}, to be mended: {one_line(str(run.problem))}" if run.problem is not None else name


def _missing(server: WebServer | None) -> str:
    """What to tell somebody whom nobody can write to yet."""
    wanting = str(listed.none_enabled())
    return f"{wanting}; or set it up at {server.url}/" if server is not None else wanting


def platforms_of(config: Config, audio: LiveAudio) -> MakePlatforms:
    """Builds those that the settings want."""

    def build(receive: Receive, controls: PlatformControls, notes: Notes) -> Sequence[Platform]:
        around = Surroundings.of(config, receive, controls, notes)
        return [
            info.build(info.settings(config), replace(around, voice=audio.channels_of(info.name)))
            for info in listed.enabled(config)
        ]

    return build


async def recorded(
    config: Config, console: Console, *, file: Path, speed: float, voxta_url: str | None
) -> dict[str, object]:
    """Play a recording to its end; one that was cut off before goes on where it was."""
    config = beside(config)
    recording = await replay.Recording.read(file)
    for problem in recording.problems:
        show(printable(problem), err=console.stderr)
    if recording.skipped > len(recording.problems):
        show(f"{recording.skipped} lines are skipped in all", err=console.stderr)
    if voxta_url is not None:
        config = load_over(config, voxta_url)
    statistics = _statistics(console)
    async with voxta(config, port=0) as url:
        platforms = [QuietPlatform(name) for name in recording.platforms]
        relay = Relay(config, lambda *_: platforms, voxta_url=url, statistics=statistics)
        async with running(relay) as task:
            run_id = await replay.run_id_of(relay.inbox, recording)
            async with _watched(console, statistics, relay, f"Replay of {file.name}"):
                work = asyncio.create_task(replay.play(relay, recording, speed=speed, run_id=run_id))
                await until(task, work)
            return await replay.account(relay.inbox, recording, run_id, statistics)


def beside(config: Config) -> Config:
    """The settings of a relay of its own beside the one that has these, so that a recording disturbs no stream."""
    own: dict[str, dict[str, object]] = {
        "relay": {"name": f"{config.relay.name}-replay"},
        "inbox": {"path": None},
        "memory": {"path": None},
        "companion": {"database": None},
    }
    return config.model_copy(
        update={name: getattr(config, name).model_copy(update=values) for name, values in own.items()}
    )


def load_over(config: Config, voxta_url: str) -> Config:
    """The settings with another Voxta server in them."""
    section = config.voxta.model_dump() | {"mode": "server", "url": voxta_url}
    return config.model_copy(update={"voxta": VoxtaSection.model_validate(section)})


async def serve_companion(
    config: Config, console: Console, *, port: int | None = None, scenario: Path | None = None
) -> None:
    """The embedded companion alone, until cancelled. What is given stands in for what is set.

    Where Voxta has the usual port, it takes a free one.
    """
    given = {"port": port, "scenario": scenario}
    chosen = config.companion.model_copy(update={key: value for key, value in given.items() if value is not None})
    make = partial(CompanionServer, models=config.models_folder, hearing=config.hearing)
    async with AsyncExitStack() as stack:
        try:
            companion = await stack.enter_async_context(make(chosen))
        except ConfigError:
            if port is not None or chosen.port != CompanionSection().port:
                raise
            companion = await stack.enter_async_context(make(chosen.model_copy(update={"port": 0})))
            show(f"Port {chosen.port} is taken, by Voxta perhaps.", err=console.stderr)
        show(f"{companion.name} listens at {companion.url}", err=console.stderr)
        await asyncio.Event().wait()


def _fall_silent_on_enter(relay: Relay) -> None:
    """Whenever a person presses Enter the companion falls silent."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        with suppress(RuntimeError, OSError, ValueError):  # the loop or the terminal is gone: the demo ends
            while sys.stdin.readline():
                loop.call_soon_threadsafe(relay.voice.silence)

    threading.Thread(target=read, daemon=True, name="enter").start()  # nothing can wake a thread that reads a terminal


async def _pass(seconds: float | None) -> None:
    if seconds is None:
        await asyncio.Event().wait()
    else:
        await asyncio.sleep(seconds)


def _statistics(console: Console) -> Statistics:
    return Statistics() if console.is_terminal else Statistics(narrate)


def _upcoming(relay: Relay, most: int) -> list[str]:
    """What would be heard next."""
    in_order = relay.forwarder.waiting.in_order(clock.now())
    return [
        f"{each.message.author.name} ({each.message.platform}): {each.text or each.message.kind}"
        for each in islice(in_order, most)
    ]


@asynccontextmanager
async def _watched(console: Console, statistics: Statistics, relay: Relay, title: str) -> AsyncIterator[None]:
    runtime = relay.runtime
    if console.is_terminal:
        seen = WatchedRelay(
            status=runtime.status,
            held=runtime.held,
            upcoming=partial(_upcoming, relay),
            is_paused=lambda: runtime.switches().paused,
            control=lambda words: relay.controls.run(words, TERMINAL),
        )
        view = TerminalView(console, statistics, seen, title).run()
    else:
        view = tell_held(runtime.held)
    task = asyncio.create_task(view)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
