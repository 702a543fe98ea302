"""All that a scenario can ask of a relay: its own acts, and those of the platforms and of OBS."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from pydantic import Field

from relay.acts import Act, ActRefused, Arguments
from relay.config.loading import Config
from relay.model import Caller, Origin, ReplyText, Role
from relay.moderation.controls import Controls
from relay.moderation.outbound import Outbound, OutboundAction
from relay.obs.acts import acts as obs_acts
from relay.platforms.base import Acting, Platform
from relay.web.overlay.routes import sound_file

SCENARIO = Caller(source="scenario", name="the scenario", roles=frozenset({Role.MODERATOR}))


class PostArguments(Arguments):
    text: str = Field(min_length=1, max_length=2_000)
    platform: str = ""
    """Where to; empty: everywhere."""


class SoundArguments(Arguments):
    file: str = Field(min_length=1, max_length=100)


class SpeakArguments(Arguments):
    text: str = Field(min_length=1, max_length=500)


class SkipArguments(Arguments):
    pass


class RateArguments(Arguments):
    per_minute: float = Field(gt=0, le=600)


class ModeArguments(Arguments):
    mode: Literal["pause", "resume"]


def available_acts(
    config: Config,
    platforms: Sequence[Platform],
    *,
    say: Callable[[ReplyText], None],
    outbound: Outbound,
    controls: Controls,
    play: Callable[[str], bool],
    name: Callable[[], str],
    have_said: Callable[[str], Awaitable[None]],
) -> list[Act]:
    """The acts of a relay. `say` takes what is to be posted, `play` plays a sound; `name` is that of the companion.

    `have_said` has it say a text as it stands, which `outbound` judges before.
    """

    async def post(asked: PostArguments) -> str:
        origins = _origins(platforms, asked.platform)
        say(ReplyText(message_id=uuid.uuid4().hex, character=name(), text=asked.text, origins=origins))
        return f"posted to {', '.join(sorted({o.platform for o in origins}))}"

    async def sound(asked: SoundArguments) -> str:
        if (folder := config.scenario.sounds) is None:
            raise ActRefused("sound: there is no folder of sounds: set scenario.sounds")
        if sound_file(folder, asked.file) is None:
            raise ActRefused(f"sound: file: there is no {asked.file!r:.80} in {folder}")
        return f"played {asked.file}" if play(asked.file) else f"nobody heard {asked.file}: no overlay is open"

    async def rate(asked: RateArguments) -> str:
        return await controls.run(f"rate {asked.per_minute:g}", SCENARIO)

    async def mode(asked: ModeArguments) -> str:
        return await controls.run(asked.mode, SCENARIO)

    async def skip(asked: SkipArguments) -> str:
        return await controls.run("skip", SCENARIO)

    async def speak(asked: SpeakArguments) -> str:
        if outbound.judge(asked.text).action is not OutboundAction.PASS:
            raise ActRefused("speak: text: the filters do not let it be said")
        await have_said(asked.text)
        return f"said {asked.text!r:.80}"

    own = [
        Act("post", PostArguments, post),
        Act("sound", SoundArguments, sound),
        Act("rate", RateArguments, rate),
        Act("mode", ModeArguments, mode),
        Act("skip", SkipArguments, skip),
        Act("speak", SpeakArguments, speak),
    ]
    theirs = [act for platform in platforms if isinstance(platform, Acting) for act in platform.acts()]
    return [*own, *theirs, *(obs_acts(config.obs) if config.obs.enabled else [])]


def _origins(platforms: Sequence[Platform], wanted: str) -> tuple[Origin, ...]:
    chosen = [p for p in platforms if wanted in ("", p.name)]
    if not chosen:
        raise ActRefused(f"post: platform: there is no {wanted!r:.40}; use {', '.join(p.name for p in platforms)}")
    return tuple(Origin(platform=p.name, channel=channel) for p in chosen for channel in p.channels())
