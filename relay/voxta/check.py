"""Trying a Voxta server: what it is, who we are there, what we may do, and which chats are open."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from relay.config import VoxtaSection
from relay.errors import RelayError, ungrouped
from relay.voxta.authentication import API_VERSIONS, APP, Authentication
from relay.voxta.session import REMEDY, SESSIONS_WAIT
from relay.voxta.transport import HubConnection
from relay.wire import client, server
from relay.wire.messages import Capabilities, ChatSession, Person, WireMessage


@dataclass(frozen=True)
class VoxtaFound:
    """What a server has."""

    version: str
    user: str
    """Who we are there; empty where it does not say."""
    chats: Sequence[ChatSession]
    """Those that are open."""
    characters: Sequence[Person]


async def check(settings: VoxtaSection) -> str:
    """One line about a server that lets us in. Raises AuthError or VoxtaError with one line that holds the fix."""
    look = _Look(settings)
    await _visit(settings, look)
    return look.line()


async def find(settings: VoxtaSection) -> VoxtaFound:
    """What there is to choose from. Raises as `check` does; VoxtaKeyNeeded or AuthError where a login would help."""
    look = _Look(settings)
    await _visit(settings, look, lists=True)
    return look.found()


async def _visit(settings: VoxtaSection, look: "_Look", *, lists: bool = False) -> None:
    key = settings.api_key.get_secret_value() if settings.api_key else None
    with ungrouped(RelayError):
        async with (
            HubConnection.connect(settings.url, api_key=key, timeout=settings.timeout, on_bad=lambda _: None) as hub,
            asyncio.TaskGroup() as tasks,
        ):
            listening = tasks.create_task(hub.run(look.on_message))
            await look.entrance.enter(hub)
            if lists:
                await hub.invoke(client.LoadCharactersList())
            with suppress(TimeoutError):
                async with asyncio.timeout(SESSIONS_WAIT):
                    await look.listed.wait()
                    if lists:
                        await look.cast.wait()
            listening.cancel()


class _Look:
    """What a server shows to somebody who comes in."""

    def __init__(self, settings: VoxtaSection) -> None:
        self._settings = settings
        self._chats: list[ChatSession] = []
        self._characters: list[Person] = []
        self.entrance = Authentication(settings.scope, Capabilities(), settings.timeout)
        self.listed = asyncio.Event()
        self.cast = asyncio.Event()

    def on_message(self, message: WireMessage) -> None:
        self.entrance.on_message(message)
        if isinstance(message, server.ChatsSessionsUpdated):
            self._chats = message.sessions
            self.listed.set()
        if isinstance(message, server.CharactersListLoaded):
            self._characters = message.characters
            self.cast.set()

    def found(self) -> VoxtaFound:
        welcome = self.entrance.welcome
        assert welcome is not None
        user = welcome.user.name if welcome.user else ""
        return VoxtaFound(welcome.voxta_server_version or "", user, self._chats, self._characters)

    def line(self) -> str:
        welcome = self.entrance.welcome
        assert welcome is not None
        version, api = welcome.voxta_server_version or "(version untold)", welcome.api_version
        known = "known" if api in API_VERSIONS else f"the relay knows {' and '.join(API_VERSIONS)}"
        user = welcome.user.name if welcome.user else ""
        chats = "; ".join(f"{names(chat)} ({chat.chat_id})" for chat in self._chats)
        return ", ".join(
            [
                f"Voxta {version} at {self._settings.url}",
                f"API {api or 'untold'} ({known})",
                f"we are {user or 'nobody it names'} with {_key(self._settings)}",
                f"asked for {' '.join(self.entrance.scope)}{self._limits()}",
                f"open chats: {chats or 'none'}",
            ]
        )

    def _limits(self) -> str:
        """What cannot be done with what was granted."""
        if self.entrance.scope != APP or self._settings.join == "character":
            return ""
        return f" (it may be refused to talk in chats that others opened: then {REMEDY})"


def names(chat: ChatSession) -> str:
    """Who takes part, for people."""
    return " and ".join(person.name for person in chat.characters) or "nobody"


def _key(settings: VoxtaSection) -> str:
    return "a key" if settings.api_key else "no key"
