"""What asyncio of Python 3.12 and 3.13 raises where a connection was closed a moment before it is written to."""

import traceback


def as_lost(error: Exception) -> Exception:
    """The loss it tells of, for whoever tries again; any other mistake as it is."""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, TypeError | AttributeError) and frames and frames[-1].name == "writelines":
        return ConnectionResetError("the connection was closed before it was written to")
    return error
