"""What a big scenario costs the embedded companion: 200 events to look at and 50 scripts loaded, for each message.

Messages are taken in as from a client, without the network and without replies. In each round three messages follow one
another: with nothing in the scenario, with 200 events none of which happens, and with the same events and a script that
does happen. The delay of a script is the third less the second of the same round.
"""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import closing
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any, Final

from relay.companion.brains.rules import RulesBrain
from relay.companion.conversation.commands import parse
from relay.companion.conversation.conversation import Conversation
from relay.companion.scenario.files import Loaded
from relay.companion.scenario.model import Scenario
from relay.companion.speaking.clips import Speech
from relay.companion.speaking.setup import Setup
from relay.companion.state.chat import Chat, Participant
from relay.companion.state.storage import Storage
from relay.companion.voice.build import voice_for
from relay.config import CompanionSection

EVENTS: Final = 200
SCRIPTS: Final = 50
_WORD: Final = "abracadabra"
"""What makes the script happen."""


@dataclass(frozen=True)
class CompanionFigures:
    events_per_second: float
    """Events whose conditions were looked at, a second."""
    script_delay_ms_p50: float
    """What a script that reads and sets variables, sets a flag and adds a note adds to a message."""
    script_delay_ms_p99: float
    message_with_events: float
    """Time of a message with 200 events, in those of one without."""
    message_with_script: float
    """Time of a message with 200 events and a script, in those of one without either."""


def run(rounds: int) -> CompanionFigures:
    """Measure. `rounds` is how many times each kind of message is taken in."""
    return asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> CompanionFigures:
    with closing(Storage(None)) as storage:
        return _measured(rounds, _conversation(_scenario(0), storage), _conversation(_scenario(EVENTS), storage))


def _measured(rounds: int, plain: Conversation, full: Conversation) -> CompanionFigures:
    times: dict[str, list[float]] = {"plain": [], "events": [], "script": []}
    for number in range(rounds + 10):
        took = {
            "plain": _timed(plain, f"message {number}"),
            "events": _timed(full, f"message {number}"),
            "script": _timed(full, f"message {number} {_WORD}"),
        }
        if number >= 10:  # the first ones load and warm up
            for kind, seconds in took.items():
                times[kind].append(seconds)
    for conversation in (plain, full):
        conversation.close()
    delays = sorted(script - events for script, events in zip(times["script"], times["events"], strict=True))
    looked = [events - plain for events, plain in zip(times["events"], times["plain"], strict=True)]
    return CompanionFigures(
        events_per_second=round(EVENTS / median(looked)),
        script_delay_ms_p50=round(1_000 * median(delays), 3),
        script_delay_ms_p99=round(1_000 * quantiles(delays, n=100)[98], 3),
        message_with_events=round(median(times["events"]) / median(times["plain"]), 2),
        message_with_script=round(median(times["script"]) / median(times["plain"]), 2),
    )


def _timed(conversation: Conversation, text: str) -> float:
    """Seconds of the processor, so that others who use it change nothing."""
    began = time.thread_time()
    conversation.execute(parse(text), do_reply=False)
    return time.thread_time() - began


def _scenario(events: int) -> Loaded:
    """Events with all kinds of conditions, of which only the last happens, for a word; scripts with a listener each."""
    conditions: list[dict[str, Any]] = [
        {"match": r"\bnever (said|heard)\b"},
        {"flags": "quest.begun && !(quest.done || away)"},
        {"messages": {"min": 1_000_000}},
        {"time": {"min": 1_000_000}},
        {"target": "assistant", "match": "treasure"},
        {"messages": {"min": 5, "since": "heartbeat"}, "probability": 0.5},
    ]
    described = [{"name": f"event {n}"} | conditions[n % len(conditions)] for n in range(events - 1)]
    last = {"name": "word", "match": _WORD, "effect": {"script": "scripts/s0.js"}}
    scripts = {f"scripts/s{n}.js": _script(n) for n in range(SCRIPTS)} if events else {}
    scenario = {
        "name": "Bench",
        "characters": [{"name": "Vox"}],
        "events": [*described, last] if events else [],
        "script": "scripts/all.js" if events else None,
    }
    if events:
        scripts["scripts/all.js"] = "\n".join(f'import "./s{n}";' for n in range(SCRIPTS))
    return Loaded(Scenario.model_validate(scenario), scripts)


def _script(number: int) -> str:
    return f"""
        import {{ chat }} from "@voxta";
        chat.addEventListener("app:bench{number}", () => chat.note("heard"));
        export function trigger(e) {{
            chat.variables.count = chat.get("count", 0) + 1;
            if (!chat.hasFlag("away")) chat.setFlag("seen.{number}");
            chat.note(`${{e.character.name}} heard ${{e.message.text}}`);
        }}"""


def _conversation(loaded: Loaded, storage: Storage) -> Conversation:
    settings = CompanionSection()
    setup = Setup(brain=RulesBrain(0), speech=Speech(voice_for(settings)), hears=False, pace=0.0, grace=1.0)
    chat = Chat(Participant("user", "Streamer"), [Participant("vox", "Vox", "main")], time.time)
    conversation = Conversation(chat, loaded, setup, _no_task, lambda chat: storage.save(chat, "bench"))
    conversation.open(is_new=True)
    return conversation


def _no_task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    raise AssertionError("nothing is to be said here")
