"""Commands only: parse, then call the room that does it."""

import asyncio
import importlib
import json
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from relay import __version__
from relay.application.console import log_to, printable, show
from relay.application.heartbeat import ailment, condition
from relay.application.settings import load, whereabouts
from relay.config import places
from relay.errors import ConfigError, RelayError
from relay.platforms import listed
from relay.platforms.info import PlatformInfo, PlatformWishes
from relay.system import shutdown

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Connects an audience with a Voxta AI.")
auth = typer.Typer(no_args_is_help=True, help="Log in to a platform or to Voxta.")
app.add_typer(auth, name="auth")
rewards = typer.Typer(invoke_without_command=True)
app.add_typer(rewards, name="rewards")
memory = typer.Typer(no_args_is_help=True, help="See, move and delete what is remembered of people.")
app.add_typer(memory, name="memory")
companion = typer.Typer(invoke_without_command=True)
app.add_typer(companion, name="companion")

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The TOML file with your settings; see `relay where` for how it is found."),
]
Json = Annotated[bool, typer.Option("--json", help="Print a summary as one JSON object at the end.")]


def main() -> None:
    """The `relay` command. Mistakes end with one clear line and exit code 1, never with a traceback."""
    try:
        app()
    except* RelayError as group:
        for line in dict.fromkeys(map(str, _leaves(group))):  # several rooms may have failed for the same reason
            show(line, err=True)
        sys.exit(1)


def _leaves(group: BaseExceptionGroup[RelayError]) -> list[BaseException]:
    return [leaf for e in group.exceptions for leaf in (_leaves(e) if isinstance(e, BaseExceptionGroup) else [e])]


def _run(work: Coroutine[Any, Any, dict[str, object] | None], as_json: bool = False) -> None:
    try:
        result = shutdown.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return
    if result is not None:
        show(json.dumps(result) if as_json else _readable(result))


def _readable(result: dict[str, object]) -> str:
    return "\n".join(f"{key}: {printable(str(value))}" for key, value in result.items())


def _console(as_json: bool, level: str) -> Console:
    console = Console(stderr=as_json)
    log_to(console, level)
    return console


@app.command()
def demo(
    seconds: Annotated[float | None, typer.Option(min=1, help="End by itself after this time.")] = None,
    as_json: Json = False,
    seed: Annotated[int, typer.Option(help="The same seed invents the same crowd.")] = 0,
    speech: Annotated[bool, typer.Option("--speech", help="Let the companion be heard in a browser.")] = False,
) -> None:
    """Show the whole thing: an invented audience talks to the embedded companion. Needs no account."""
    from relay.application.runs import demo as run_demo

    _run(run_demo(_console(as_json, "info"), seconds=seconds, seed=seed, speech=speech), as_json)


@app.command()
def run(config: ConfigFile = None) -> None:
    """Go live with your settings."""
    settings = load(places.required(config))  # first, as all that going live takes loads slowly

    from relay.application.runs import live

    _run(live(settings, _console(False, settings.relay.log_level)))


@app.command()
def check(config: ConfigFile = None, as_json: Json = False) -> None:
    """Check the settings, and try each connection and whatever else would stop `relay run`."""
    from relay.application.check import Finding
    from relay.application.check import check as findings

    settings = load(places.required(config))

    async def report() -> list[Finding]:
        found = []
        async for finding in findings(settings):
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
def health(config: ConfigFile = None) -> None:
    """Tell whether a relay with these settings runs on this machine; exit code 1 when it does not.

    A platform that needs you is named, but the rest goes on, and starting anew would not help: the exit code stays 0.
    """
    file = whereabouts(places.find(config)).heartbeat_file
    problem = ailment(file, time.time())
    show(problem or condition(file) or "ok")
    if problem:
        raise typer.Exit(1)


@app.command()
def where(config: ConfigFile = None) -> None:
    """Tell which settings count, and where the relay keeps what it knows.

    Settings are looked for in the current folder and then in your user's own; a file `.env` beside them is read too.
    """
    file = places.find(config)
    settings = whereabouts(file)
    environment = file.with_name(".env") if file else None
    found: dict[str, object] = {
        "settings": file.resolve() if file else f"none yet; {places.own_folder() / places.FILE} would be found",
        "environment": environment.resolve() if environment and environment.is_file() else "no file .env beside them",
        "data": settings.relay.data_dir.resolve(),
        "audit log": settings.audit_file.resolve(),
    }
    show(_readable(found))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A recorded audience, one JSON object a line.")],
    speed: Annotated[float, typer.Option(min=0.001, help="2 plays twice as fast.")] = 1.0,
    voxta: Annotated[str | None, typer.Option(help="Talk to this Voxta, not to the configured one.")] = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Play a recorded audience through the whole pipeline."""
    from relay.application.runs import recorded

    settings = load(places.find(config))
    console = _console(as_json, settings.relay.log_level)
    _run(recorded(settings, console, file=file, speed=speed, voxta_url=voxta), as_json)


@companion.callback()
def serve(
    context: typer.Context,
    config: ConfigFile = None,
    scenario: Annotated[Path | None, typer.Option(help="A scenario's folder; read anew when saved.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="The port to listen on.")] = None,
) -> None:
    """Serve the embedded companion alone, for any Voxta client on this machine."""
    if context.invoked_subcommand is None:
        from relay.application.runs import serve_companion

        settings = load(places.find(config))
        console = _console(False, settings.relay.log_level)
        _run(serve_companion(settings.companion, console, port=port, scenario=scenario))


@companion.command("check")
def check_scenario(folder: Annotated[Path, typer.Argument(help="The folder of a scenario.")]) -> None:
    """Check a scenario and its scripts."""
    from relay.companion.scripting.checking import summary

    show(summary(folder))


@companion.command("init")
def init_scenario(folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]) -> None:
    """Put an example of a scenario into a folder, to make your own of it."""
    from relay.companion.scenario.example import copy_to

    copy_to(folder)
    show(f"{folder} holds an example; try it with: relay companion --scenario {folder}")


def _offer_login(info: PlatformInfo[Any]) -> None:
    """The command by its name, where one logs in to the platform."""
    if (log_in := info.log_in) is None:
        return

    @auth.command(info.name, help=log_in.__doc__)
    def auth_platform(config: ConfigFile = None) -> None:
        settings = load(places.required(config))

        async def work() -> None:
            show(await log_in(info.settings(settings), settings.relay.data_dir, show, PlatformWishes.of(settings)))

        _run(work())


for _info in listed.PLATFORMS:
    _offer_login(_info)


@auth.command("voxta")
def auth_voxta(config: ConfigFile = None) -> None:
    """Log in to Voxta with a code you confirm there; again to renew it."""
    from relay.voxta.login import log_in

    settings = load(places.required(config))
    _run(log_in(settings.voxta, settings.voxta_token_file, show))


@rewards.callback()
def show_rewards(context: typer.Context, config: ConfigFile = None) -> None:
    """List the rewards of your channel: which the relay has made, and what is done with each."""
    if context.invoked_subcommand is None:
        from relay.application import offers

        _tell(offers.overview(load(places.required(config))))


@rewards.command("create")
def create_rewards(config: ConfigFile = None) -> None:
    """Offer the rewards of your settings that have `create`; only those can be fulfilled and refunded."""
    from relay.application import offers

    _tell(offers.create(load(places.required(config))))


def _tell(lines: AsyncIterator[str]) -> None:
    """Show each as it comes."""

    async def work() -> None:
        async for line in lines:
            show(printable(line))

    _run(work())


@app.command()
def ctl(
    words: Annotated[list[str], typer.Argument(help="Such as: status, pause, rate 12, held, approve h1, help")],
    config: ConfigFile = None,
) -> None:
    """Steer the running relay, with the words moderators use in chat after !relay."""
    from relay.web.control import ctl as steer

    show(printable(asyncio.run(steer(whereabouts(places.find(config)).control_file, " ".join(words)))))


@app.command()
def audit(
    count: Annotated[int, typer.Option("--last", min=1, help="How many entries.")] = 20, config: ConfigFile = None
) -> None:
    """Show who changed what."""
    from relay.moderation.audit import Audit

    settings = whereabouts(places.find(config))
    for entry in Audit(settings.audit_file, files=settings.relay.audit_files).newest(count):
        show(json.dumps(entry))


@app.command()
def why(key: Annotated[str, typer.Argument(help="platform:id of a message")], config: ConfigFile = None) -> None:
    """Tell what happened to a message."""
    from relay.application.runs import explain
    from relay.web.control import ctl as steer

    file = places.find(config)
    try:
        show(printable(asyncio.run(steer(whereabouts(file).control_file, f"why {key}"))))
    except ConfigError:  # none runs, so the store is free to be asked
        show(printable(asyncio.run(explain(load(file), key))))


JsonFile = Annotated[Path, typer.Argument(help="A file of JSON.")]
Viewer = Annotated[str, typer.Argument(help="A name, or platform:id.")]


@memory.command("show")
def show_person(viewer: Viewer, config: ConfigFile = None) -> None:
    """Show what is remembered of somebody."""
    from relay.application import memories

    show(printable(asyncio.run(memories.show(load(places.find(config)), viewer))))


@memory.command("delete")
def delete_person(viewer: Viewer, config: ConfigFile = None) -> None:
    """Forget somebody: all that is remembered of them, on every platform they have linked."""
    from relay.application import memories

    show(printable(asyncio.run(memories.delete(load(places.find(config)), viewer))))


@memory.command("export")
def export_memory(file: JsonFile, config: ConfigFile = None) -> None:
    """Write all that is remembered into a file that only you can read."""
    from relay.application import memories

    show(asyncio.run(memories.export(load(places.find(config)), file)))


@memory.command("import")
def import_memory(file: JsonFile, config: ConfigFile = None) -> None:
    """Put back what was exported, here or in another store."""
    from relay.application import memories

    show(asyncio.run(memories.take_in(load(places.find(config)), file)))


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
def version(
    wanted: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    log_to(Console(stderr=True), "warning")
    if wanted:
        show(__version__)
        raise typer.Exit
