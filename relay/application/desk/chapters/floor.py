"""Who may interrupt the companion, and what becomes of what it was saying."""

from typing import Final

from relay.application.desk.chapters.understanding import lead_to_understanding
from relay.application.desk.connecting import Chapter
from relay.config.loading import Config
from relay.guide import Changes, Filled, Form, FormField, FormOption, Guide, Phrase, phrase
from relay.platforms import listed

_WHO: Final = (
    FormOption(value="voice", label=phrase("People in the voice channel")),
    FormOption(value="game", label=phrase("Games and stream decks")),
)
_LISTEN: Final = (
    FormOption(value="nobody", label=phrase("Nobody: it only speaks there")),
    FormOption(value="everyone", label=phrase("Everybody; it says so in the channel's chat")),
)
_FIRST: Final = (
    FormOption(value="pause", label=phrase("Pauses, and goes on if it was only a cough")),
    FormOption(value="stop", label=phrase("Falls silent and gives the answer up")),
)
_AFTER: Final = (
    FormOption(value="reply", label=phrase("Answers what was said")),
    FormOption(value="resume", label=phrase("Says the rest")),
    FormOption(value="nothing", label=phrase("Waits for the next message")),
)


async def _lead(config: Config, guide: Guide) -> Changes:
    filled = await guide.ask(_form(config))
    return {
        "floor.may_interrupt": list(filled.many("who")),
        "floor.on_barge_in": filled.text("first"),
        "floor.after": filled.text("after"),
        **await _listening(config, filled, guide),
    }


async def _listening(config: Config, filled: Filled, guide: Guide) -> Changes:
    wanted = filled.text("listen")
    changes: Changes = {"voice.listen_to": wanted} if wanted and wanted != config.voice.listen_to else {}
    return {**changes, **await lead_to_understanding(config, guide)} if wanted == "everyone" else changes


def _form(config: Config) -> Form:
    floor = config.floor
    fields = [
        FormField(
            name="who",
            label=phrase("Who may interrupt it, besides you"),
            kind="many",
            value=floor.may_interrupt,
            options=_WHO,
            hint=phrase("You do it by talking into your microphone, once OBS is connected, and by the button Silence."),
        ),
        FormField(
            name="first", label=phrase("When somebody begins to talk, it"), kind="one", value=floor.on_barge_in,
            options=_FIRST,
        ),
        FormField(
            name="after", label=phrase("When they are done, it"), kind="one", value=floor.after, options=_AFTER
        ),
    ]  # fmt: skip
    if any(info.voice is not None for info in listed.enabled(config)) and config.voice.listen_to != "allowed":
        fields.append(
            FormField(
                name="listen", label=phrase("Whom it hears in the voice channel"), kind="one",
                value=config.voice.listen_to, options=_LISTEN,
            )
        )  # fmt: skip
    return Form(title=phrase("Who may interrupt the companion?"), fields=tuple(fields), button=phrase("Save"))


def _set_already(config: Config) -> Phrase | None:
    who = [option.label for option in _WHO if option.value in config.floor.may_interrupt]
    return phrase("You and others") if who else phrase("You alone")


FLOOR: Final = Chapter(
    "floor",
    phrase("Interrupting"),
    phrase("The companion falls silent when people talk. Say who counts, and what happens then."),
    _set_already,
    _lead,
)
