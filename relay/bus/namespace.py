"""Where in Redis a relay keeps what is its own."""


def namespace_of(relay: str) -> str:
    """What each of its keys and channels begins with, in braces where all of them have to lie on one server."""
    return f"relay:{relay}"
