"""Setting Twitch up with somebody who answers: an application, a login, the channels."""

import re
from pathlib import Path
from typing import Final

from relay.config.base import revised
from relay.errors import AuthError, ConfigError
from relay.guide import Changes, DeviceCode, Filled, Form, FormField, FormLink, FormOption, Guide, phrase, settled
from relay.platforms.info import PlatformWishes
from relay.platforms.twitch.auth import check, log_in_by_code
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.settings import CLIENT_ID, TwitchSection
from relay.platforms.twitch.tokens import TokenFile, redacted_logs

LABEL: Final = "Twitch"
_CONSOLE: Final = FormLink(address="https://dev.twitch.tv/console/apps/create", label=phrase("Register an application"))
_APPLICATION: Final = Form(
    title=phrase("An application of yours at {platform}", platform=LABEL),
    lines=(
        phrase("{platform} knows each program by an application. Registering one takes a minute:", platform=LABEL),
        phrase(
            "{platform} wants two-factor authentication for that, and a name that no other application has.",
            platform=LABEL,
        ),
        phrase("Write http://localhost as the redirect URL; choose the category Chat Bot and the client type Public."),
        phrase("Then copy its client id to here."),
    ),
    links=(_CONSOLE,),
)
OWN, BOT = "own", "bot"
_SEPARATORS: Final = re.compile(r"[\s,;]+")


async def set_up(settings: TwitchSection, data_dir: Path, wishes: PlatformWishes, guide: Guide) -> Changes:
    """See PlatformInfo."""
    section = settings if CLIENT_ID == settings.client_id != "" else await _with_application(settings, guide)
    file = section.token_kept_in(data_dir)
    login, is_own = await _logged_in(section, file, wishes, guide)
    chosen = await _with_channels(section, file, wishes, guide, own=login if is_own else None)
    own = {"twitch.client_id": chosen.client_id} if chosen.client_id != CLIENT_ID else {}
    return {"twitch.enabled": True, **own, "twitch.channels": list(chosen.channels)}


async def _with_application(settings: TwitchSection, guide: Guide) -> TwitchSection:
    field = FormField(name="client_id", label=phrase("Client id"), value=settings.client_id, optional=False)
    filled = await guide.ask(_APPLICATION.model_copy(update={"fields": (field,)}))
    return settings.model_copy(update={"client_id": filled.text("client_id")})


async def _logged_in(section: TwitchSection, file: Path, wishes: PlatformWishes, guide: Guide) -> tuple[str, bool]:
    """Whom the companion writes as, and whether that is the streamer."""
    known = await _known(section, file)
    accounts = [
        FormOption(value=OWN, label=phrase("My own account")),
        FormOption(value=BOT, label=phrase("An account of its own, a bot's")),
    ]
    if known is not None:
        accounts.insert(0, FormOption(value=known, label=phrase("Stay logged in as {name}", name=known)))
    form = Form(
        title=phrase("Who writes in chat?"),
        lines=(phrase("The companion answers from the account that you log in with."),),
        fields=(
            FormField(
                name="account",
                label=phrase("The companion writes from"),
                kind="one",
                value=accounts[0].value,
                options=tuple(accounts),
                hint=phrase(
                    "For a bot's account, open the page that comes in a private window and log in there as the bot."
                ),
            ),
        ),
        button=phrase("Log in"),
    )

    async def log_in(filled: Filled) -> tuple[str, bool]:
        account = filled.text("account")
        if account == known:
            return account, account in section.channels
        return await _by_code(section, file, wishes, guide), account == OWN

    return await settled(guide, form, log_in)


async def _by_code(section: TwitchSection, file: Path, wishes: PlatformWishes, guide: Guide) -> str:
    def show(code: DeviceCode) -> None:
        guide.show(
            Form(
                title=phrase("Log in to {platform}", platform=LABEL),
                lines=(
                    phrase("Open the page, check that it shows this code, and confirm it with the account."),
                    phrase("This goes on by itself. The code can be used for {count} minutes.", count=code.minutes),
                ),
                links=(FormLink(address=code.address, label=phrase("Open the page of {platform}", platform=LABEL)),),
                code=code.code,
            )
        )

    return await log_in_by_code(section, file, show, wishes.acts, wishes.kinds, rewards=wishes.rewards)


async def _known(section: TwitchSection, file: Path) -> str | None:
    """Who is logged in already, as far as that still counts."""
    try:
        with redacted_logs():
            async with TwitchConnection(section, TokenFile(file)) as connection:
                await connection.recognise()
                return connection.account.login
    except (AuthError, ConfigError):
        return None


async def _with_channels(
    section: TwitchSection, file: Path, wishes: PlatformWishes, guide: Guide, *, own: str | None
) -> TwitchSection:
    offered = tuple(dict.fromkeys([*([own] if own else []), *section.channels]))
    named = FormField(
        name="further",
        label=phrase("Further channels") if offered else phrase("Names of the channels"),
        hint=phrase("As behind {address}, with spaces between them. Each is looked up.", address="twitch.tv/"),
        optional=bool(offered),
    )
    known = FormField(
        name="channels",
        label=phrase("Channels"),
        kind="many",
        value=offered,
        options=tuple(FormOption(value=name, label=name) for name in offered),
    )
    form = Form(
        title=phrase("Which channels does the companion hear?"),
        fields=(known, named) if offered else (named,),
        button=phrase("Check and save"),
    )

    async def choose(filled: Filled) -> TwitchSection:
        further = [name for name in _SEPARATORS.split(filled.text("further")) if name]
        names = tuple(dict.fromkeys([*filled.many("channels"), *further]))
        chosen = revised(section, {"enabled": True, "channels": names})
        await check(chosen, file, wishes)
        return chosen

    return await settled(guide, form, choose)
