"""`relay voices`: the voices that the companion may have, and how they sound."""

import asyncio
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer

from relay.application.console import show
from relay.application.settings import load, whereabouts
from relay.commandline.base import CompanionName, ConfigFile, Json, execute
from relay.config import CompanionSection, places
from relay.errors import ConfigError
from relay.text.printable import printable

voices = typer.Typer(invoke_without_command=True)


@voices.callback()
def show_voices(
    context: typer.Context,
    language: Annotated[str, typer.Option(help="Only those of a language, such as de.")] = "",
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List the voices that the companion may have."""
    if context.invoked_subcommand is not None:
        return
    from relay.companion.voice.listing import ListedVoice, voices

    folder = whereabouts(places.find(config)).models_folder
    wanted = [
        each
        for each in voices(folder)
        if not language or not each.languages or any(tag.partition("-")[0] == language for tag in each.languages)
    ]
    if as_json:
        show(json.dumps({"voices": [vars(each) for each in wanted]}))
        return
    rows: dict[tuple[str, str, bool], list[ListedVoice]] = defaultdict(list)
    for each in wanted:
        rows[each.speech, "built in" if each.speech == "espeak" else each.about, each.is_here].append(each)
    for (speech, about, is_here), several in rows.items():
        show(printable(f"{'here' if is_here else '    '} {speech:<7} {about}: {', '.join(v.name for v in several)}"))
    show("hear one with: relay voices play NAME; fetch a local one with: relay models fetch MODEL")


@voices.command("play")
def play_voice(
    name: Annotated[str, typer.Argument(help="One that `relay voices` lists; left out, the one of the settings.")] = "",
    text: Annotated[str, typer.Option(help="What it says.")] = "",
    out: Annotated[Path, typer.Option(help="The WAV file that is written.")] = Path("voice.wav"),
    open_it: Annotated[
        bool, typer.Option("--open/--no-open", help="Open it in the program that plays WAV files.")
    ] = True,
    config: ConfigFile = None,
    companion: CompanionName = None,
) -> None:
    """Let a voice say something: into a WAV file, which is opened."""
    settings = load(places.find(config), companion)
    execute(_play(settings.companion, settings.models_folder, name, text, out))
    if open_it:
        typer.launch(str(out))


async def _play(settings: CompanionSection, models: Path, name: str, text: str, out: Path) -> dict[str, object]:
    from relay.companion.voice.build import language_of, voice_for
    from relay.companion.voice.listing import choose, sample

    chosen = choose(settings, name) if name else settings
    if chosen.speech == "none":
        raise ConfigError('companion.speech is "none": name a voice, such as espeak/en-us')
    voice, said = voice_for(chosen, models), text or sample(language_of(chosen))
    begun = time.perf_counter()
    wav = await voice.speak(said)
    if not wav:
        raise ConfigError("--text: there is nothing in it that is read aloud")
    try:
        await asyncio.to_thread(out.write_bytes, wav)
    except OSError as error:
        raise ConfigError(f"--out: {out}: {error.strerror}") from None
    return {"said": said, "seconds": round(time.perf_counter() - begun, 3), "file": str(out)}
