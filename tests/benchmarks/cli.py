"""`relay bench`: figures measured on this machine, as ratios of what was measured beside them in the same run."""

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from relay.application.console import show

bench = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Measure this machine."
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@bench.command()
def inbox(messages: Annotated[int, typer.Option(min=1000)] = 100_000, as_json: Json = False) -> None:
    """Appends per second of each inbox, against redis-benchmark's pipelined XADD."""
    from tests.benchmarks.inbox import run

    _show(asyncio.run(run(messages=messages)), as_json)


@bench.command()
def store(messages: Annotated[int, typer.Option(min=1000)] = 20_000, as_json: Json = False) -> None:
    """Bytes that a message and a companion take of Redis, and of the process."""
    from tests.benchmarks.store_memory import run

    _show(asyncio.run(run(messages=messages)), as_json)


@bench.command()
def latency(messages: Annotated[int, typer.Option(min=100)] = 1000, as_json: Json = False) -> None:
    """Milliseconds from a platform's socket to the companion's hub, at 50 messages a second."""
    from tests.benchmarks.latency import run

    _show(asyncio.run(run(messages=messages)), as_json)


@bench.command()
def flood(
    seed: Annotated[int, typer.Option(help="The same seed plays the same room.")] = 0,
    seconds: Annotated[float, typer.Option(min=10)] = 600.0,
    per_minute: Annotated[float, typer.Option(min=1)] = 10_000.0,
    as_json: Json = False,
) -> None:
    """Who is heard when 10,000 messages a minute come in: fairness, age, spam, and how fast they are taken in."""
    from tests.benchmarks.flood import run

    _show(run(seconds=seconds, per_minute=per_minute, seed=seed), as_json)


@bench.command()
def detectors(as_json: Json = False) -> None:
    """What tells speech from noise how well, of those that are installed."""
    from tests.benchmarks.detectors import run

    _show(run(), as_json)


@bench.command()
def hearing(as_json: Json = False) -> None:
    """The share of a core and the memory that hearing takes when eight people talk at once."""
    from tests.benchmarks.hearing import run

    _show(run(), as_json)


@bench.command("lost-packets")
def lost_packets(seeds: Annotated[int, typer.Option(min=1)] = 3, as_json: Json = False) -> None:
    """How many words a recogniser still finds when one packet in five is lost on the way."""
    from tests.benchmarks.lost_packets import run

    _show(run(seeds=seeds), as_json)


@bench.command("barge-in")
def barge_in(runs: Annotated[int, typer.Option(min=4)] = 40, as_json: Json = False) -> None:
    """How fast the companion falls silent when somebody talks, and how fast it speaks, in a local Discord call."""
    from tests.benchmarks.barge_in import run

    figures = asyncio.run(run(runs=runs))
    _show(figures, as_json)
    if figures.uninterrupted:
        raise typer.Exit(1)


@bench.command()
def talk(
    turns: Annotated[int, typer.Option(min=2, help="Questions with each kind of engines.")] = 25,
    seed: Annotated[int, typer.Option(help="The same seed asks the same questions.")] = 0,
    only: Annotated[str | None, typer.Option(help="instant, small, endpoint, streaming or early.")] = None,
    as_json: Json = False,
) -> None:
    """How long somebody waits who asks aloud in a local Discord call, from their last word to the first sound."""
    from tests.benchmarks.talk import KINDS, run

    kinds = [kind for kind in KINDS if only in (None, kind)]
    if not kinds:
        raise typer.BadParameter(f"there are no engines {only!r}; there are {', '.join(KINDS)}", param_hint="--only")
    for kind, figures in asyncio.run(run(turns=turns, seed=seed, kinds=kinds)).items():
        _show_of(kind, "engines", figures, as_json)


@bench.command()
def conversation(as_json: Json = False) -> None:
    """Whether the companion is interrupted by people and by nothing else: typing, laughter, a fan, its own echo."""
    from tests.benchmarks.conversation import run

    _show(asyncio.run(run()), as_json)


@bench.command()
def voxta(
    only: Annotated[
        list[str] | None, typer.Option(help="A kind of server, such as 'no sound'; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Whether this relay joins and is answered by each kind of Voxta server there may be, and how fast."""
    from tests.benchmarks.voxta import run

    _show(asyncio.run(run(only or ())), as_json)


@bench.command()
def companion(
    rounds: Annotated[int, typer.Option(min=100, help="Messages of each kind.")] = 2_000, as_json: Json = False
) -> None:
    """What a scenario with 200 events and 50 scripts costs the embedded companion."""
    from tests.benchmarks.companion import run

    _show(run(rounds), as_json)


@bench.command()
def filters(as_json: Json = False) -> None:
    """The most milliseconds that each look at 10,000 hostile characters takes, and for which."""
    from tests.benchmarks.filters import run

    for name, worst in run().items():
        show(
            json.dumps({"name": name} | dataclasses.asdict(worst))
            if as_json
            else f"{name:<28} {worst.ms:6.2f} {worst.shape}"
        )


@bench.command()
def commands(
    seconds: Annotated[float, typer.Option(min=1)] = 60.0,
    per_minute: Annotated[float, typer.Option(min=60, help="Commands, and as many chat messages.")] = 10_000.0,
    viewers: Annotated[int, typer.Option(min=1)] = 2_000,
    burst: Annotated[int, typer.Option(min=1, help="Notifications that come at once.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed plays the same room.")] = 0,
    as_json: Json = False,
) -> None:
    """Viewers' commands beside a flood: milliseconds to the answer, cooldowns, fairness; and a burst, what it loses."""
    from tests.benchmarks.commands import run

    _show(asyncio.run(run(seconds=seconds, per_minute=per_minute, viewers=viewers, burst=burst, seed=seed)), as_json)


@bench.command()
def desk(
    seconds: Annotated[float, typer.Option(min=0.1, help="Of one slice.")] = 5.0,
    slices: Annotated[int, typer.Option(min=1, help="With the page, and as many without, in each room.")] = 4,
    per_minute: Annotated[float, typer.Option(min=60)] = 10_000.0,
    as_json: Json = False,
) -> None:
    """What an open page of the desk costs the relay, in a quiet room and beside a flood, as shares of one core."""
    from tests.benchmarks.desk import run

    _show(asyncio.run(run(seconds=seconds, slices=slices, per_minute=per_minute)), as_json)


@bench.command()
def process(
    seconds: Annotated[float, typer.Option(min=1, help="How long nobody writes.")] = 60.0,
    starts: Annotated[int, typer.Option(min=1)] = 3,
    only: Annotated[str | None, typer.Option(help="Where the companion is: embedded, or on a server.")] = None,
    as_json: Json = False,
) -> None:
    """How soon a whole relay is ready for chat, its memory, and its share of a core while nobody writes."""
    from tests.benchmarks.process import KINDS, run

    kinds = [kind for kind in KINDS if only in (None, kind)]
    if not kinds:
        raise typer.BadParameter(f"there is no {only!r}; there are {', '.join(KINDS)}", param_hint="--only")
    for kind in kinds:
        _show_of(kind, "companion", asyncio.run(run(kind, seconds=seconds, starts=starts)), as_json)


@bench.command()
def fleet(
    companions: Annotated[
        list[int] | None, typer.Option(help="How many companions, several times for several rows.")
    ] = None,
    per_second: Annotated[float, typer.Option(min=0.1, help="Messages for each companion.")] = 20.0,
    seconds: Annotated[float, typer.Option(min=1)] = 10.0,
    as_json: Json = False,
) -> None:
    """What many companions cost: messages a second, how long each takes, processors, memory, and a take-over."""
    from tests.benchmarks.fleet import run

    for count in companions or (1, 10, 100, 500):
        _show_of(str(count), "companions", asyncio.run(run(count, per_second=per_second, seconds=seconds)), as_json)


@bench.command()
def neighbours(
    companions: Annotated[int, typer.Option(min=1, help="How many are beside the one that is not like them.")] = 5,
    per_second: Annotated[float, typer.Option(min=0.1, help="Messages for each companion.")] = 5.0,
    seconds: Annotated[float, typer.Option(min=1)] = 10.0,
    as_json: Json = False,
) -> None:
    """How long the messages of companions take beside one that is flooded, fails, or runs a script without end."""
    from tests.benchmarks.neighbours import KINDS, run

    for kind in KINDS:
        found = asyncio.run(run(kind, neighbours=companions, per_second=per_second, seconds=seconds))
        _show_of(kind, "beside", found, as_json)


@bench.command()
def forwarding(
    peer: Annotated[Path | None, typer.Option(help="The Python of an environment with voxta-twitch-relay.")] = None,
    messages: Annotated[int, typer.Option(min=100, help="At the steady rate.")] = 2_000,
    per_second: Annotated[float, typer.Option(min=1)] = 400.0,
    burst: Annotated[int, typer.Option(min=10, help="Messages that come at once.")] = 1_000,
    as_json: Json = False,
) -> None:
    """How fast what needs no answer gets to Voxta, steadily and in a burst, beside the published relay."""
    from tests.benchmarks.forwarding import run

    _show(asyncio.run(run(messages=messages, per_second=per_second, burst=burst, peer=peer)), as_json)


@bench.command()
def compare(
    peer: Annotated[Path | None, typer.Option(help="The Python of an environment with voxta-twitch-relay.")] = None,
    messages: Annotated[int, typer.Option(min=10)] = 1000,
    seconds: Annotated[float, typer.Option(min=1)] = 6.0,
    as_json: Json = False,
) -> None:
    """The same burst through this relay and the published one: arrival, delay, and who is heard."""
    from tests.benchmarks.compare import run

    _show(asyncio.run(run(messages=messages, seconds=seconds, peer=peer)), as_json)


def _show(figures: Any, as_json: bool) -> None:
    _show_values(dataclasses.asdict(figures), as_json)


def _show_of(kind: str, what: str, figures: Any, as_json: bool) -> None:
    """Those of one kind of several."""
    _show_values({what: kind} | dataclasses.asdict(figures), as_json)


def _show_values(values: dict[str, Any], as_json: bool) -> None:
    show(json.dumps(values) if as_json else "\n".join(f"{name:<28} {value}" for name, value in values.items()))
