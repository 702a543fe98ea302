"""An example of a scenario, for a stream: what the demo plays, and where authors begin."""

import shutil
from pathlib import Path
from typing import Final

from relay.errors import ConfigError

EXAMPLE: Final = Path(__file__).parent
"""Its folder."""


def copy_to(folder: Path) -> None:
    """Put a copy into a new folder. Raises ConfigError when it is there already, or cannot be made."""
    try:
        folder.mkdir(parents=True)
        shutil.copy(EXAMPLE / "scenario.toml", folder)
        shutil.copytree(EXAMPLE / "scripts", folder / "scripts")
    except FileExistsError:
        raise ConfigError(f"{folder} exists already; name a folder that does not") from None
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made ({error.strerror}); name another folder") from None
