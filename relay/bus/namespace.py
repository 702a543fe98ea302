"""Where in Redis a relay keeps what is its own."""


def namespace_of(relay: str) -> str:
    """What each of its keys and channels begins with."""
    return f"relay:{relay}"


def key_in(namespace: str, name: str) -> str:
    """A key that lies on one server of a cluster with all others of its namespace."""
    return f"{{{namespace}}}:{name}"
