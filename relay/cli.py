"""Commands only: parse, then call the room that does it."""

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from relay import __version__
from relay.application import browser
from relay.application.console import log_to, show, show_fault, take_any_text
from relay.application.health import health_of
from relay.application.heartbeat import ailment
from relay.application.restarts import Reachable, reachable
from relay.application.settings import companions_in, load, load_fleet, refuse_companions, whereabouts
from relay.application.settings.file import SettingsFile
from relay.application.settings.secrets import Secrets
from relay.commandline import beginning, keeping
from relay.commandline.auth import auth
from relay.commandline.base import CompanionName, ConfigFile, Json, OnlyKinds, Plain, execute, readable, serve, terminal
from relay.commandline.beginning import choose
from relay.commandline.companion import companion
from relay.commandline.fleet import fleet
from relay.commandline.memory import memory
from relay.commandline.models import models
from relay.commandline.rewards import rewards
from relay.commandline.voices import voices
from relay.config import places
from relay.errors import ConfigError, RelayError, causes
from relay.system.console_window import closes_with_the_process
from relay.text.printable import printable

app = typer.Typer(pretty_exceptions_enable=False, help="Connects an audience with a Voxta AI.")
app.add_typer(auth, name="auth")
app.add_typer(rewards, name="rewards")
app.add_typer(fleet, name="fleet")
app.add_typer(memory, name="memory")
app.add_typer(companion, name="companion")
app.add_typer(models, name="models")
app.add_typer(voices, name="voices")
app.command("backup")(keeping.back_up)
app.command("restore")(keeping.restore)
app.command("update")(keeping.update)


def main() -> None:
    """The `relay` command. Mistakes end with one clear line and exit code 1; only a fault of ours has a traceback."""
    take_any_text()
    sys.excepthook = show_fault
    failed: list[BaseException] = []
    try:
        app()
    except* RelayError as group:
        failed = causes(group)
    if failed:
        for line in dict.fromkeys(map(str, failed)):  # several rooms may have failed for the same reason
            show(line, err=True)
        if closes_with_the_process() and sys.stdin.isatty():
            show("Enter closes this window", err=True)
            sys.stdin.readline()
        sys.exit(1)


@app.command()
def demo(
    seconds: Annotated[float | None, typer.Option(min=1, help="End by itself after this time.")] = None,
    as_json: Json = False,
    seed: Annotated[int, typer.Option(help="The same seed invents the same crowd.")] = 0,
    speech: Annotated[bool, typer.Option("--speech", help="Let the companion be heard in a browser.")] = False,
    plain: Plain = False,
) -> None:
    """Show the whole thing: an invented audience talks to the embedded companion. Needs no account."""
    from relay.application.runs import demo as run_demo

    serve(run_demo(terminal(as_json, "info", plain=plain), seconds=seconds, seed=seed, speech=speech), as_json)


@app.command()
def run(
    config: ConfigFile = None,
    plain: Plain = False,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the relay's page in the browser, also of one that runs already.")
    ] = False,
    mend: Annotated[
        bool | None,
        typer.Option(help="With wrong settings, open the page to mend them, or end: as it is in a terminal, or not."),
    ] = None,
    companion: CompanionName = None,
    only: OnlyKinds = None,
) -> None:
    """Go live with your settings. Without any, the page at http://localhost:8081/ sets the relay up."""
    if only:
        terminal(False, "info", plain=True)
        return serve(_kinds_of_processes(places.required(config), companion, only))
    file = SettingsFile(places.to_write(config))
    refuse_companions(file.path)
    mends = open_page or sys.stdout.isatty() if mend is None else mend
    if not mends:
        file.load()  # first, as all that going live takes loads slowly

    if open_page and _shows_itself(there := reachable(file)):
        browser.open_page(browser.page_address(there.web))
        return

    from relay.application.runs import live

    serve(live(file, terminal(False, "info", plain=plain), mends=mends, open_page=open_page))


def _kinds_of_processes(file: Path, companion: str | None, only: list[str]) -> Coroutine[Any, Any, None]:
    """Runs them for all companions of the file, or the one that is named; without companions, for the one relay."""
    if companion is None and companions_in(file):
        from relay.application.fleet.run import run_fleet

        return run_fleet(file, only)
    from relay.application.processes.run import run_only

    return run_only(load(file, companion), only)


def _shows_itself(there: Reachable) -> bool:
    """Whether a relay runs and has its page. A sign of life alone may be of one that was killed a moment ago."""
    return ailment(there.heartbeat_file, time.time()) is None and browser.is_served(there.web)


@app.command()
def check(config: ConfigFile = None, companion: CompanionName = None, as_json: Json = False) -> None:
    """Check the settings, and try each connection and whatever else would stop `relay run`."""
    from relay.application.check import Finding
    from relay.application.check import check as check_one
    from relay.application.fleet.check import check_fleet

    file = places.to_write(config)
    has_many = companion is None and companions_in(file)
    findings = check_fleet(load_fleet(file, to_lead=True)) if has_many else check_one(load(file, companion))

    async def report() -> list[Finding]:
        found = []
        async for finding in findings:
            if not as_json:
                show(printable(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}: {finding.line}"))
            found.append(finding)
        return found

    found = asyncio.run(report())
    is_well = all(finding.ok for finding in found)
    if as_json:
        show(json.dumps({"ok": is_well, "findings": [asdict(finding) for finding in found]}))
    if not is_well:
        raise typer.Exit(1)


@app.command()
def health(config: ConfigFile = None, companion: CompanionName = None) -> None:
    """Tell whether a relay with these settings runs on this machine; exit code 1 when it does not.

    A platform that needs you is named, but the rest goes on, and starting anew would not help: the exit code stays 0.
    """
    found = health_of(places.find(config), companion)
    for line in found.told.splitlines():
        show(printable(line))
    if not found.is_alive:
        raise typer.Exit(1)


@app.command()
def where(config: ConfigFile = None, companion: CompanionName = None) -> None:
    """Tell which settings count, and where the relay keeps what it knows.

    Settings are looked for in the current folder and then in your user's own; a file `.env` beside them is read too.
    """
    file = places.find(config)
    settings = whereabouts(file, companion)
    environment = file.with_name(".env") if file else None
    found: dict[str, object] = {
        "settings": file.resolve() if file else f"none yet; {places.own_file()} would be found",
        "environment": environment.resolve() if environment and environment.is_file() else "no file .env beside them",
        "secrets": Secrets(places.to_write(config)).where(),
        "data": settings.relay.data_dir.resolve(),
        "audit log": settings.audit_file.resolve(),
    }
    if names := companions_in(file):
        found["companions"] = ", ".join(names)
    show(readable(found))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A recorded audience, one JSON object a line.")],
    speed: Annotated[float, typer.Option(min=0.001, help="2 plays twice as fast.")] = 1.0,
    voxta: Annotated[str | None, typer.Option(help="Talk to this Voxta, not to the configured one.")] = None,
    config: ConfigFile = None,
    companion: CompanionName = None,
    as_json: Json = False,
    plain: Plain = False,
) -> None:
    """Play a recorded audience through the whole pipeline."""
    from relay.application.runs import recorded

    settings = load(places.find(config), companion)
    screen = terminal(as_json, settings.relay.log_level, plain=plain)
    execute(recorded(settings, screen, file=file, speed=speed, voxta_url=voxta), as_json)


@app.command()
def ctl(
    words: Annotated[list[str], typer.Argument(help="Such as: status, pause, rate 12, held, approve h482137, help")],
    config: ConfigFile = None,
    companion: CompanionName = None,
) -> None:
    """Steer the running relay, with the words moderators use in chat after !relay."""
    from relay.application.steering import steered

    for line in asyncio.run(steered(places.find(config), companion, " ".join(words))):
        show(printable(line))


@app.command()
def audit(
    count: Annotated[int, typer.Option("--last", min=1, help="How many entries.")] = 20,
    config: ConfigFile = None,
    companion: CompanionName = None,
) -> None:
    """Show who changed what."""
    from relay.moderation.audit import Audit

    settings = whereabouts(places.find(config), companion)
    for entry in Audit(settings.audit_file, files=settings.relay.audit_files).newest(count):
        show(json.dumps(entry))


@app.command()
def why(
    key: Annotated[str, typer.Argument(help="platform:id of a message")],
    config: ConfigFile = None,
    companion: CompanionName = None,
) -> None:
    """Tell what happened to a message."""
    from relay.application.explaining import explained

    show(printable(asyncio.run(explained(places.find(config), companion, key))))


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
def bench(context: typer.Context) -> None:
    """Measure this machine, from a checkout: without more words, tell what there is to measure."""
    checkout = Path(__file__).parents[1]
    if not (checkout / "tests" / "benchmarks").is_dir():
        raise ConfigError("relay bench measures with the servers that the tests play: run it from a checkout")
    if sys.path[0] != str(checkout):  # some packages bring `tests` of their own
        sys.path.insert(0, str(checkout))
    importlib.import_module("tests.benchmarks.cli").bench(context.args, prog_name="relay bench")


@app.callback(invoke_without_command=True)
def begin(
    context: typer.Context,
    wanted: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    log_to(Console(stderr=True), "warning")
    if wanted:
        show(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        match choose(context):
            case beginning.DEMO:
                demo()
            case beginning.SET_UP:
                run(open_page=True)
