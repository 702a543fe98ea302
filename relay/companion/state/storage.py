"""Chats on disk: what was said and what came of it, so that a chat can be resumed after a restart."""

import logging
import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from relay.companion.scenario.flags import Flags, Setting
from relay.companion.scenario.model import Scalar
from relay.companion.state.chat import KEPT, Additions, Chat, Clock, Message, MessageRole, Participant, ScenarioState
from relay.errors import ConfigError
from relay.system.layouts import Layout
from relay.system.private_files import make_private

log = logging.getLogger(__name__)

TIMEOUT: Final = 2.0
"""Seconds to wait for another process that holds the file."""
LISTED: Final = 100
"""How many chats are listed."""
LAYOUT: Final = Layout(
    application=int.from_bytes(b"VoxC"),
    known_by="chats",
    steps=(
        """
    CREATE TABLE IF NOT EXISTS chats (
        id TEXT PRIMARY KEY, scenario TEXT NOT NULL, at REAL NOT NULL, state TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS messages (
        chat TEXT NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL, sender TEXT NOT NULL, role TEXT NOT NULL,
        text TEXT NOT NULL, at REAL NOT NULL, conversation INTEGER NOT NULL, time REAL NOT NULL,
        PRIMARY KEY (chat, place)
    ) WITHOUT ROWID
""",
    ),
)


class StoredChat(BaseModel):
    """A chat without its messages."""

    model_config = ConfigDict(defer_build=True)

    user: Participant
    characters: list[Participant]
    time: float
    next_index: int
    next_conversation_index: int
    flags: dict[str, Setting]
    variables: dict[str, Scalar]
    disabled_roles: set[str]
    happened: set[str]
    additions: dict[str, Additions]


class Storage:
    """Keeps chats in a SQLite file, or in memory. Raises ConfigError when the file cannot be used."""

    def __init__(self, path: Path | None) -> None:
        try:
            if path is not None:
                make_private(path)
            self._db = sqlite3.connect(path or ":memory:", timeout=TIMEOUT, isolation_level=None)
            try:
                self._prepare(path)
            except BaseException:
                self.close()  # or nobody could remove the file on Windows
                raise
        except (sqlite3.Error, OSError) as error:
            raise ConfigError(f"companion.database: {path} cannot be used ({error}); name another file") from None

    def _prepare(self, path: Path | None) -> None:
        update = LAYOUT.update(self._db, "companion.database", path)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        if update:
            self._db.executescript(f"BEGIN IMMEDIATE; {update} COMMIT")

    def close(self) -> None:
        self._db.close()

    def save(self, chat: Chat, scenario_id: str) -> None:
        """Keep what has changed since the last time. What cannot be written now is written with the next change."""
        try:
            self._write(chat, scenario_id)
        except sqlite3.Error as error:
            log.error("companion.database: for now the chat is not written: %s", error)
        else:
            chat.changes.clear()

    def _write(self, chat: Chat, scenario_id: str) -> None:
        state = _state(chat).model_dump_json()
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("REPLACE INTO chats VALUES (?, ?, ?, ?)", (chat.id, scenario_id, chat.now, state))
            for index, message in chat.changes.items():
                if message is None:
                    self._db.execute("DELETE FROM messages WHERE chat = ? AND place = ?", (chat.id, index))
                else:
                    self._db.execute("REPLACE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(chat, message))

    def forget(self, before: float, but: Collection[str] = ()) -> None:
        """Forget the chats that were last saved before that moment, in seconds since the epoch, `but` those."""
        rows = self._db.execute("SELECT id FROM chats WHERE at < ?", (before,))
        old = [row for row in rows.fetchall() if row[0] not in but]
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany("DELETE FROM messages WHERE chat = ?", old)
            self._db.executemany("DELETE FROM chats WHERE id = ?", old)

    def load(self, chat_id: str, clock: Clock, *, kept: int = KEPT) -> Chat | None:
        """A chat as it was kept, which goes on to keep so many messages; None when it is unknown."""
        found = self._db.execute("SELECT state FROM chats WHERE id = ?", (chat_id,)).fetchone()
        if found is None:
            return None
        state = StoredChat.model_validate_json(found[0])
        people = {person.id: person for person in (state.user, *state.characters)}
        rows = self._db.execute("SELECT * FROM messages WHERE chat = ? ORDER BY place", (chat_id,))
        chat = Chat(state.user, state.characters, clock, chat_id, kept=kept)
        chat.restore(
            [_message(row, people) for row in rows],
            ScenarioState(
                Flags(state.flags), state.variables, state.disabled_roles, state.happened, additions=state.additions
            ),
            next_index=state.next_index,
            next_conversation_index=state.next_conversation_index,
            time=state.time,
        )
        return chat

    def ids(self, scenario_id: str | None) -> list[str]:
        """The newest chats that are kept, the newest last; those of one scenario, or all."""
        rows = self._db.execute(
            "SELECT id FROM chats WHERE ?1 IS NULL OR scenario = ?1 ORDER BY at DESC LIMIT ?2", (scenario_id, LISTED)
        )
        return [row[0] for row in rows][::-1]


def _state(chat: Chat) -> StoredChat:
    story = chat.story
    return StoredChat(
        user=chat.user,
        characters=chat.characters,
        time=chat.time,
        next_index=chat.next_index,
        next_conversation_index=chat.moment.messages,
        flags=dict(story.flags.settings),
        variables=story.variables,
        disabled_roles=story.disabled_roles,
        happened=story.happened,
        additions=story.additions,
    )


def _row(chat: Chat, message: Message) -> tuple[Any, ...]:
    return (
        chat.id,
        message.index,
        message.id,
        message.sender.id,
        message.role.value,
        message.text,
        message.at,
        message.conversation_index,
        message.chat_time,
    )


def _message(row: tuple[Any, ...], people: Mapping[str, Participant]) -> Message:
    _, index, message_id, sender, role, text, at, conversation_index, chat_time = row
    return Message(
        message_id,
        people.get(sender) or Participant(sender, "somebody"),
        MessageRole(role),
        text,
        at,
        index,
        conversation_index,
        chat_time,
    )
