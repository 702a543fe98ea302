"""Where models are kept: a folder for each, with a list of what belongs in it."""

import json
import shutil
import sqlite3
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Final

from relay.models import claim
from relay.models.base import ModelError, ModelInUse, ModelMissing

_LIST: Final = "model.json"
"""In each model's folder: what belongs there. It is written last, so a folder without it is none."""
_PINS: Final = "checksums.json"
"""SHA-256 of what was fetched once and has no published one, by address. Outlives the model."""
_PARTLY: Final = ".partly"
"""Folder of what is fetched in part."""
_LOCKS: Final = ".locks"
"""Folder of the files that claims are on; they stay, as one that is deleted could still be locked by somebody."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What belongs in a model's folder."""

    archives: dict[str, str]
    """SHA-256 of what was fetched, by address."""
    files: dict[str, tuple[int, str]]
    """Bytes and SHA-256 of each file, by its path with forward slashes."""

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(size for size, _ in self.files.values())


class ModelStore:
    """The models in one folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Of the models that are here."""
        return sorted(file.parent.name for file in self.folder.glob(f"*/{_LIST}"))

    def path(self, name: str) -> Path:
        """The model's folder. Raises ModelMissing, which says how it is fetched."""
        folder = self.folder / name
        if not (folder / _LIST).is_file():
            raise ModelMissing(f"the model {name} is not on this machine: fetch it with `relay models fetch {name}`")
        return folder

    def contents(self, name: str) -> Contents:
        """What belongs in the model's folder. Raises ModelError."""
        file = self.path(name) / _LIST
        try:
            told = json.loads(file.read_bytes())
            files = {str(path): (int(size), str(digest)) for path, (size, digest) in told["files"].items()}
            return Contents({str(url): str(digest) for url, digest in told["archives"].items()}, files)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ModelError(f"{file} cannot be read: `relay models remove {name}`, and fetch it again") from None

    def use(self, name: str) -> claim.Claim:
        """Keep the model from being removed. Raises ModelMissing or ModelInUse."""
        self.path(name)
        return self._claimed(name, to_change=False)

    def change(self, name: str) -> claim.Claim:
        """Be the only one who has the model. Raises ModelInUse, and ModelError where nothing can be written."""
        return self._claimed(name, to_change=True)

    def verify(self, name: str) -> list[str]:
        """What is not as it was fetched, one line each. Reads all of it. Raises ModelMissing."""
        folder = self.path(name)
        try:
            files = self.contents(name).files
        except ModelError as error:
            return [str(error)]
        return [problem for path, told in files.items() if (problem := _difference(folder, path, *told))]

    def remove(self, name: str) -> bool:
        """Delete the model and what was fetched of it in part; whether there was any. Raises ModelError."""
        here = [folder for folder in (self.folder / name, self.partly(name)) if folder.is_dir()]
        if not here:
            return False
        with self.change(name):
            try:
                for folder in here:
                    (folder / _LIST).unlink(missing_ok=True)  # from here on it is none, however far the rest gets
                    shutil.rmtree(folder)
            except PermissionError as error:
                raise ModelInUse(f"{error.filename} is in use by another program: end it, and try again") from None
            except OSError as error:
                raise ModelError(f"{error.filename}: {error.strerror}") from None
        return True

    def partly(self, name: str) -> Path:
        """Where what is fetched in part waits for the rest."""
        return self.folder / _PARTLY / name

    def put(self, name: str, fresh: Path, contents: Contents) -> Path:
        """Make the folder the model, in one step. Raises OSError. The caller has the claim to change it."""
        told = {"archives": contents.archives, "files": contents.files}
        (fresh / _LIST).write_text(json.dumps(told, indent=1), "utf-8")
        target = self.folder / name
        if target.exists():
            before = self.partly(name) / "before"
            shutil.rmtree(before, ignore_errors=True)
            target.replace(before)
        fresh.replace(target)
        shutil.rmtree(self.partly(name), ignore_errors=True)
        return target

    def pinned(self, url: str) -> str:
        """The SHA-256 of what came from there the first time; "" before. Raises ModelError."""
        return self._pins().get(url, "")

    def pin(self, url: str, digest: str) -> None:
        """Remember it. Raises OSError."""
        file = self.folder / _PINS
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(self._pins() | {url: digest}, indent=1), "utf-8")
        fresh.replace(file)

    def _pins(self) -> dict[str, str]:
        file = self.folder / _PINS
        try:
            pins = json.loads(file.read_bytes())
            return {str(url): str(digest) for url, digest in pins.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError):
            raise ModelError(f"{file} cannot be read: it says what models were when first fetched; delete it") from None

    def _lock(self, name: str) -> Path:
        return self.folder / _LOCKS / name

    def _claimed(self, name: str, *, to_change: bool) -> claim.Claim:
        try:
            (self.folder / _LOCKS).mkdir(parents=True, exist_ok=True)
            return claim.to_change(self._lock(name)) if to_change else claim.to_use(self._lock(name))
        except (OSError, sqlite3.Error) as error:
            raise ModelError(f"{self.folder} cannot be written to: {error}") from None


def digest(file: Path) -> str:
    """SHA-256, in hexadecimal. Raises OSError."""
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _difference(folder: Path, path: str, size: int, expected: str) -> str:
    """What is wrong with a file; "" when it is as it was."""
    file = folder / path
    try:
        if file.stat().st_size != size:
            return f"{path} has {file.stat().st_size} bytes, not {size}"
        return "" if digest(file) == expected else f"{path} is not what was fetched"
    except FileNotFoundError:
        return f"{path} is missing"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
