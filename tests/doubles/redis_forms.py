"""Redis as people run it, made of servers of this machine: with Sentinels, as a cluster, over TLS; and Valkey."""

import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import redis

from relay.errors import RelayError
from tests.doubles.certificates import LOOPBACK, Authority, Certificate
from tests.doubles.ports import free_port
from tests.doubles.redis_server import START_TIMEOUT, RedisServer, redis_server, server_binary

SLOTS: Final = 16_384
NODE_TIMEOUT: Final = 500
"""Milliseconds after which nodes of a cluster, or a Sentinel, that watch begin to believe that a server is gone."""
UNWATCHED: Final = 600_000
"""The same until they are told to watch: a busy machine's servers are slow, and not gone."""
UNWRITTEN: Final = ("--appendonly", "no")
"""A replica that begins its file does not end when it is told to."""


class SentinelGroup:
    """A master, its replica, and a Sentinel that watches over them."""

    name: Final = "the-master"

    def __init__(self, master: RedisServer, replica: RedisServer, port: int) -> None:
        self.master, self.replica = master, replica
        self.url = f"redis+sentinel://127.0.0.1:{port}/{self.name}"
        self._port = port

    def ask(self, *command: str) -> Any:
        """The Sentinel."""
        with redis.Redis(port=self._port, decode_responses=True) as sentinel:
            return sentinel.execute_command(*command)

    def watch(self) -> None:
        """From now on the Sentinel replaces a master that says nothing."""
        self.ask("SENTINEL SET", self.name, "down-after-milliseconds", str(NODE_TIMEOUT))

    def is_ready(self) -> bool:
        """Whether the Sentinel knows the replica, which has all that the master has."""
        with self.replica.admin as admin:
            linked = admin.info("replication").get("master_link_status") == "up"
        return linked and any("slave" in str(each) for each in self.ask("SENTINEL REPLICAS", self.name))


@contextmanager
def sentinel_group() -> Iterator[SentinelGroup]:
    with ExitStack() as stack:
        master = stack.enter_context(redis_server(tcp=True, options=("--repl-diskless-sync-delay", "0")))
        link = (*UNWRITTEN, "--replicaof", "127.0.0.1", str(master.port))
        replica = stack.enter_context(redis_server(tcp=True, options=link))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay-sentinel-")))
        port, file = free_port(), folder / "sentinel.conf"
        file.write_text(
            f"port {port}\ndir {folder}\n"
            f"sentinel monitor {SentinelGroup.name} 127.0.0.1 {master.port} 1\n"
            f"sentinel down-after-milliseconds {SentinelGroup.name} {UNWATCHED}\n"
            f"sentinel failover-timeout {SentinelGroup.name} 5000\n"
        )
        command: list[str | Path] = [server_binary(), file, "--sentinel"]
        log = folder / "sentinel.log"
        with log.open("wb") as said:
            process = subprocess.Popen(command, stdout=said, stderr=said)
        stack.callback(process.wait, START_TIMEOUT)
        stack.callback(process.kill)
        group = SentinelGroup(master, replica, port)
        _until(group.is_ready)
        try:
            yield group
        except BaseException as error:
            error.add_note(log.read_text(errors="replace"))
            raise


class ClusterServers:
    """Three masters with a third of the slots each, and a replica of the first."""

    def __init__(self, nodes: Sequence[RedisServer]) -> None:
        self.masters, self.replica = nodes[:3], nodes[3]
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.masters)

    def ids(self) -> list[str]:
        return [_tell(node, "CLUSTER MYID") for node in (*self.masters, self.replica)]

    def join(self) -> None:
        """Make a cluster of them."""
        nodes = (*self.masters, self.replica)
        for number, node in enumerate(nodes):
            _tell(node, "CLUSTER SET-CONFIG-EPOCH", number + 1)
            if node is not self.replica:
                first, last = (SLOTS * edge // 3 for edge in (number, number + 1))
                _tell(node, "CLUSTER ADDSLOTS", *range(first, last))
            if number:
                _tell(nodes[0], "CLUSTER MEET", "127.0.0.1", node.port)
        _until(lambda: all(self._knows_all(node) for node in nodes))
        _tell(self.replica, "CLUSTER REPLICATE", self.ids()[0])
        _until(lambda: _role(self.replica).get("master_link_status") == "up")
        _until(lambda: all(_tell(node, "CLUSTER INFO")["cluster_state"] == "ok" for node in nodes))
        _set_node_timeout(UNWATCHED, nodes)

    def watch(self) -> None:
        """From now on the first master is replaced when it says nothing; it may do so already."""
        _set_node_timeout(NODE_TIMEOUT, (*self.masters[1:], self.replica))

    def _knows_all(self, node: RedisServer) -> bool:
        return bool(_tell(node, "CLUSTER INFO")["cluster_known_nodes"] == "4")

    def move(self, slot: int, key_by_key: Callable[[], None] = lambda: None) -> None:
        """From the first master to the second; `key_by_key` is called when the first key has been moved."""
        source, target = self.masters[:2]
        first, second, *_ = self.ids()
        _tell(target, "CLUSTER SETSLOT", slot, "IMPORTING", first)
        _tell(source, "CLUSTER SETSLOT", slot, "MIGRATING", second)
        while keys := _tell(source, "CLUSTER GETKEYSINSLOT", slot, 1):
            _tell(source, "MIGRATE", "127.0.0.1", target.port, "", 0, 5_000, "KEYS", *keys)
            key_by_key()
        for node in (target, source, self.masters[2]):
            _tell(node, "CLUSTER SETSLOT", slot, "NODE", second)

    def promoted(self) -> bool:
        """Whether the replica is a master now."""
        return bool(_role(self.replica)["role"] == "master")


@contextmanager
def cluster_servers() -> Iterator[ClusterServers]:
    options: tuple[str, ...] = (*UNWRITTEN, "--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT))
    options += ("--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0")
    with ExitStack() as stack:
        servers = ClusterServers([stack.enter_context(redis_server(tcp=True, options=options)) for _ in range(4)])
        servers.join()
        yield servers


class TlsServer:
    """A Redis that is reached over TLS alone, by who has a certificate of the same authority."""

    def __init__(self, server: RedisServer, port: int, authority: Authority, client: Certificate) -> None:
        self.server, self.port, self.authority, self.client = server, port, authority, client
        self.url = f"rediss://127.0.0.1:{port}/0"
        self.settings = {
            "tls_ca": authority.file,
            "tls_certificate": client.certificate,
            "tls_key": client.key,
        }


@contextmanager
def tls_server() -> Iterator[TlsServer]:
    """The server's own TLS where it was built with it, else something before it that ends the TLS."""
    with ExitStack() as stack:
        authority = Authority(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay-tls-"))))
        own, client, port = authority.certify("server", LOOPBACK), authority.certify("client"), free_port()
        files = {"cert-file": own.certificate, "key-file": own.key, "ca-cert-file": authority.file}
        options = ["--tls-port", str(port)] + [part for name in files for part in (f"--tls-{name}", str(files[name]))]
        try:
            server = stack.enter_context(redis_server(options=options))
        except RelayError:
            server = stack.enter_context(redis_server())
            stack.enter_context(_tls_ended(port, own, authority.file, server.socket))
        yield TlsServer(server, port, authority, client)


@contextmanager
def _tls_ended(port: int, own: Certificate, authority: Path, behind: Path) -> Iterator[None]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(own.certificate, own.key)
    listening = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=_accept, args=(listening, context, behind), daemon=True).start()
    try:
        yield
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _accept(listening: socket.socket, context: ssl.SSLContext, behind: Path) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listening.accept()
            threading.Thread(target=_end_tls, args=(plain, context, behind), daemon=True).start()


def _end_tls(plain: socket.socket, context: ssl.SSLContext, behind: Path) -> None:
    with suppress(OSError), context.wrap_socket(plain, server_side=True) as client, socket.socket(socket.AF_UNIX) as on:
        on.connect(str(behind))
        client.setblocking(False)
        _pass_on(client, on)


def _pass_on(client: ssl.SSLSocket, server: socket.socket) -> None:
    """Both ways, in one thread, as one TLS connection bears no two."""
    import select

    while True:
        if not client.pending():
            select.select([client, server], [], [])
        with suppress(ssl.SSLWantReadError):
            if not (said := client.recv(65_536)):
                return
            server.sendall(said)
        if select.select([server], [], [], 0)[0]:
            if not (said := server.recv(65_536)):
                return
            client.setblocking(True)
            client.sendall(said)
            client.setblocking(False)


def _tell(node: RedisServer, *command: object) -> Any:
    with node.admin as admin:
        return admin.execute_command(*command)


def _set_node_timeout(milliseconds: int, nodes: Sequence[RedisServer]) -> None:
    for node in nodes:
        _tell(node, "CONFIG SET", "cluster-node-timeout", milliseconds)


def _role(node: RedisServer) -> dict[str, Any]:
    with node.admin as admin:
        return dict(admin.info("replication"))


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not holds():
        if time.monotonic() > deadline:
            raise RelayError("the servers did not find together")
        time.sleep(0.02)
