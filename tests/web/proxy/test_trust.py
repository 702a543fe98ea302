"""Who is believed, and what strangers can make of the way through a web process."""

import pytest

from relay.web.guessing import WrongTokens
from relay.web.proxy.trust import CLIENT, HOST, PREFIX, SCHEME, SECRET, CoreAddress
from tests.web.proxy.front import NAME, KnownCores, core, front, fronted, get
from tests.web.proxy.raw import raw_core, said

TOKEN = "a-token-nobody-guesses"
NEAR = {CLIENT: "127.0.0.1", HOST: "localhost:8081", SCHEME: "http", PREFIX: ""}


@pytest.mark.parametrize("secret", [{}, {SECRET: ""}, {SECRET: "wrong"}, {SECRET: "wörng"}], ids=str)
@pytest.mark.parametrize("path", ["/", "/state", "/static/overlay.js", "/press/a-key", f"/state?token={TOKEN}"])
async def test_nobody_on_the_same_machine_is_the_streamer_without_the_secret(path: str, secret: dict[str, str]) -> None:
    async with core(token=TOKEN) as (_, there):
        assert (await get(f"{there.url}{path}", headers=NEAR | secret))[0] == 403


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({}, 200),
        ({CLIENT: "::1"}, 200),
        ({CLIENT: "203.0.113.5"}, 401),
        ({CLIENT: ""}, 401),
        ({CLIENT: "127.0.0.1, 203.0.113.5"}, 401),
        ({HOST: "evil.example"}, 403),
        ({HOST: ""}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:8081"}, 200),
    ],
    ids=str,
)
async def test_without_a_token_only_who_asks_the_web_process_from_its_own_machine_is_the_streamer(
    told: dict[str, str], status: int
) -> None:
    async with core() as (_, there):
        assert (await get(f"{there.url}/state", headers=NEAR | {SECRET: there.secret} | told))[0] == status


async def test_what_who_asks_says_of_themselves_is_not_believed() -> None:
    claims = {CLIENT: "203.0.113.5", HOST: "evil.example", SCHEME: "https", PREFIX: "/evil", SECRET: "guess"}
    more = {"Forwarded": "for=203.0.113.5", "X-Real-IP": "203.0.113.5", "Connection": f"close, {SECRET}, {CLIENT}"}

    async def answer(writer: object) -> None: ...

    async with raw_core(answer) as (asked, there), front(KnownCores(**{NAME: there})) as proxy:
        await get(f"{proxy.url}/state", headers=claims | more)

        lines = asked.asked[0].lower().splitlines()
        told = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        port = proxy.url.rpartition(":")[2]
        assert told[CLIENT.lower()] == "127.0.0.1"
        assert told[HOST.lower()] == f"127.0.0.1:{port}"
        assert told[SCHEME.lower()] == "http"
        assert told[SECRET.lower()] == there.secret
        assert not {"forwarded", "x-real-ip"} & set(told)
        assert len(told) == len(lines[1:-1]), "each is told once"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example", HOST: "localhost"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200),
    ],
    ids=str,
)
async def test_pages_of_other_sites_get_no_further_than_without_a_web_process(
    headers: dict[str, str], status: int
) -> None:
    async with fronted() as (stage, proxy, _):
        assert (await get(f"{proxy.url}/interrupt", "POST", headers=headers))[0] == status
        assert len(stage.runtime.calls) == (status == 200)


async def test_who_guesses_is_known_by_their_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def wait_after(_: WrongTokens, address: str) -> float:
        seen.append(address)
        return 0.0

    monkeypatch.setattr(WrongTokens, "wait_after", wait_after)
    async with core(token=TOKEN) as (_, there):
        for number in range(2):
            told = NEAR | {SECRET: there.secret, CLIENT: f"203.0.113.{number}"}
            await get(f"{there.url}/state?token=wrong", headers=told)

    assert seen == [f"203.0.113.{number}" for number in range(2)]


def test_the_secret_is_shown_nowhere() -> None:
    assert "hush" not in repr(CoreAddress("http://127.0.0.1:1", "hush"))


SMUGGLED = "GET /state HTTP/1.1\nHost: x\n\n"


@pytest.mark.parametrize(
    "request_",
    [
        f"POST /dialogue HTTP/1.1\nHost: localhost\nContent-Length: 4\nTransfer-Encoding: chunked\n\n0\n\n{SMUGGLED}",
        f"POST /dialogue HTTP/1.1\nHost: localhost\nContent-Length: 0\nContent-Length: 40\n\n{SMUGGLED}",
        f"POST /dialogue HTTP/1.1\nHost: localhost\nTransfer-Encoding: xchunked\n\n0\n\n{SMUGGLED}",
        f"POST /dialogue HTTP/1.1\nHost: localhost\nTransfer-Encoding : chunked\n\n0\n\n{SMUGGLED}",
        "GET /state HTTP/1.1\nHost: localhost\nX: 1\n folded: 2\n\n",
        f"GET /state HTTP/1.1\nHost: localhost\nX: {'x' * 10_000}\n\n",
        f"GET /{'x' * 10_000} HTTP/1.1\nHost: localhost\n\n",
        "GET /state HTTP/1.1\nHost: localhost\nX: \x00\n\n",
        "GET /sta\x00te HTTP/1.1\nHost: localhost\n\n",
        "TRACE / HTTP/1.1\nHost: localhost\nConnection: close\n\n",
        "CONNECT localhost:22 HTTP/1.1\nHost: localhost\nConnection: close\n\n",
        "OPTIONS * HTTP/1.1\nHost: localhost\nConnection: close\n\n",
    ],
    ids=["both lengths", "two lengths", "unknown coding", "space before colon", "folded", "giant header",
         "giant address", "NUL in a header", "NUL in an address", "TRACE", "CONNECT", "no path"],
)  # fmt: skip
async def test_what_two_servers_could_read_in_two_ways_reaches_no_core(request_: str) -> None:
    async def answer(writer: object) -> None: ...

    async with raw_core(answer) as (asked, there), front(KnownCores(**{NAME: there})) as proxy:
        answered = await said(proxy.url, request_)

        assert answered.split(" ")[1] in ("400", "404", "405")
        assert asked.asked == []


async def test_a_body_in_pieces_arrives_with_its_length() -> None:
    async def answer(writer: object) -> None: ...

    async with raw_core(answer) as (asked, there), front(KnownCores(**{NAME: there})) as proxy:
        await said(
            proxy.url,
            "POST /dialogue HTTP/1.1\nHost: localhost\nConnection: close\nTransfer-Encoding: chunked\n"
            "Expect: 100-continue\nTrailer: X-Evil\n\n2\n{}\n0\nX-Evil: 1\n\n",
        )

        head = asked.asked[0].lower()
        assert "content-length: 2\r\n" in head
        assert not [name for name in ("transfer-encoding", "expect", "trailer", "x-evil") if name in head]
