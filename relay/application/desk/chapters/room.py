"""How loud the room is: how much of a chat the companion hears."""

from dataclasses import dataclass
from typing import Final

from relay.application.desk.connecting import Chapter
from relay.config.loading import Config
from relay.guide import Changes, Form, FormField, FormOption, Guide, Phrase, phrase


@dataclass(frozen=True)
class Preset:
    """Settings that belong together."""

    name: Phrase
    per_minute: float
    """Forwards, and so about as many answers; of one viewer `viewer` at most."""
    viewer: float
    loud_per_minute: float
    """Chat messages from which on several are told at once."""
    gap: float
    """Seconds between two forwards then."""
    picks: int
    """Messages told at once then."""

    def changes(self, config: Config) -> Changes:
        return {
            "budget.rates": {**config.budget.rates, "all": self.per_minute, "viewer": self.viewer},
            "selection.loud_per_minute": self.loud_per_minute,
            "selection.gap": self.gap,
            "selection.picks": self.picks,
        }

    def is_set(self, config: Config) -> bool:
        rates, selection = config.budget.rates, config.selection
        return (self.per_minute, self.viewer, self.loud_per_minute, self.gap, self.picks) == (
            rates["all"], rates["viewer"], selection.loud_per_minute, selection.gap, selection.picks
        )  # fmt: skip


PRESETS: Final = {
    "quiet": Preset(phrase("Quiet: a few people, and everybody is heard"), 30.0, 10.0, 30.0, 4.0, 4),
    "normal": Preset(phrase("Normal: everybody is heard until it gets lively"), 20.0, 4.0, 20.0, 8.0, 8),
    "busy": Preset(phrase("Busy: hundreds write, and a few are drawn by lot"), 12.0, 2.0, 10.0, 12.0, 12),
}
"""The middle one is what the settings are without anything set."""
KEEP: Final = "keep"


async def _lead(config: Config, guide: Guide) -> Changes:
    options = [FormOption(value=name, label=preset.name) for name, preset in PRESETS.items()]
    now = next((name for name, preset in PRESETS.items() if preset.is_set(config)), KEEP)
    if now == KEEP:
        options.append(FormOption(value=KEEP, label=phrase("As it is: numbers of your own")))
    room = FormField(name="room", label=phrase("My chat is"), kind="one", value=now, options=tuple(options))
    filled = await guide.ask(
        Form(
            title=phrase("How loud is the room?"),
            lines=(phrase("Moderators can change the rates while you are live."),),
            fields=(room,),
            button=phrase("Save"),
        )
    )
    chosen = PRESETS.get(filled.text("room"))
    return chosen.changes(config) if chosen is not None else {}


def _set_already(config: Config) -> Phrase | None:
    return next((preset.name for preset in PRESETS.values() if preset.is_set(config)), phrase("Numbers of your own"))


ROOM: Final = Chapter(
    "room", phrase("The room"), phrase("How much of the chat the companion hears and answers."), _set_already, _lead
)
