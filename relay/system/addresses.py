"""Addresses of what listens on this machine."""


def local_address(host: str, port: int) -> str:
    """Where this machine reaches what listens there."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{host_and_port(host, port)}"


def host_and_port(host: str, port: int) -> str:
    """The two as one."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
