"""nginx as its administrators run it, with the file that we give them, before a relay of this machine."""

import asyncio
import shutil
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509

from tests.docs.pages import ROOT
from tests.doubles.certificates import Authority
from tests.doubles.ports import free_port
from tests.support import eventually

FILE: Final = ROOT / "config" / "ops" / "nginx.conf"
NAME: Final = "relay.example.com"
PAGES_ADDRESS: Final = "http://127.0.0.1:8081"
WEBHOOKS_ADDRESS: Final = "http://127.0.0.1:8082"
TEMPORARY: Final = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx:
    """Where it is reached, and what it writes down."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.port = free_port()
        self.authority = authority
        self.log = folder / "nginx.log"

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def logged(self) -> str:
        """Who asked for what, and what went wrong."""
        return self.log.read_text("utf-8")


@asynccontextmanager
async def nginx(folder: Path, *, pages: str = PAGES_ADDRESS, webhooks: str = WEBHOOKS_ADDRESS) -> AsyncIterator[Nginx]:
    """It runs with what FILE says but for names, certificates and ports. Skips the test where there is no nginx."""
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("no nginx on this machine: install it to test what stands before a relay")
    authority = Authority(folder)
    made = authority.certify("localhost", x509.DNSName("localhost"))
    running = Nginx(folder, authority)
    ours = FILE.read_text("utf-8")
    for theirs, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{running.port} ssl"),
        (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(made.certificate)),
        (f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(made.key)),
        (f"server_name {NAME}", "server_name localhost"),
        ("/var/log/nginx/error.log", str(running.log)),
        (PAGES_ADDRESS, pages),
        (WEBHOOKS_ADDRESS, webhooks),
    ):
        assert ours.count(theirs) == 1, theirs
        ours = ours.replace(theirs, here)
    temporary = "".join(f"{each}_temp_path {folder};" for each in TEMPORARY)
    whole = f"daemon off; master_process off; pid {folder}/pid; error_log {running.log};\nevents {{}}\n"
    whole += f"http {{ access_log {running.log}; {temporary}\n{ours}}}\n"
    (folder / "nginx.conf").write_text(whole, "utf-8")
    process = await asyncio.create_subprocess_exec(program, "-p", folder, "-c", folder / "nginx.conf")
    try:
        await eventually(lambda: _answers(running, process))
        yield running
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _answers(running: Nginx, process: Process) -> bool:
    assert process.returncode is None, "nginx does not take the file"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", running.port)) == 0
