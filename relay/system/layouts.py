"""Which layout a SQLite file of ours has, and how it comes to that of this version, whatever version wrote it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from relay.errors import ConfigError


@dataclass(frozen=True)
class Layout:
    """Of one kind of file. The version of a file is how many of the steps it has had."""

    application: int
    """Says in the file whose it is."""
    steps: Sequence[str]
    """SQL, each of which makes the next version of the one before; what a step makes may be there already."""
    known_by: str
    """A table by which early files are known that have no mark of their program."""

    def update(self, connection: sqlite3.Connection, setting: str, path: object) -> str:
        """SQL that brings the file forward, to be run in one transaction; "" when it is of this version already.

        Raises ConfigError, which names the setting, when it is of another program or of a newer version.
        """
        [application] = connection.execute("PRAGMA application_id").fetchone()
        [version] = connection.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if application != self.application and (application or (tables and self.known_by not in tables)):
            raise ConfigError(f"{setting}: {path} is of another program; give {setting} a new file")
        if version > len(self.steps):
            raise ConfigError(
                f"{setting}: {path} was written by a newer version of the relay (layout {version}, this one knows "
                f"{len(self.steps)}): run that one, or give {setting} a new file"
            )
        if (application, version) == (self.application, len(self.steps)):
            return ""
        marks = f"PRAGMA application_id = {self.application}; PRAGMA user_version = {len(self.steps)};"
        return "".join(f"{step};" for step in self.steps[version:]) + marks
