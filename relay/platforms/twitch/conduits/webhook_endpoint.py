"""Where Twitch tells the events of shards that are webhooks. It stands behind a proxy, which has the certificate."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from relay.platforms.twitch.conduits.webhook_messages import (
    VERIFICATION,
    NotFromTwitch,
    WebhookMessage,
    challenging,
    verified,
)
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.tokens import keep_secret
from relay.system.clock import now
from relay.system.http_server import HttpServer

log = logging.getLogger(__name__)
MAX_BODY: Final = 1 << 18
"""Bytes of a request; events have a few thousand."""
ANSWER_WITHIN: Final = 2.0
"""Seconds: Twitch waits a few, and gives a shard up that is late too often."""
ASK_WITHIN = 1.0
"""Seconds to wait for who else is behind our address."""
Take = Callable[[WebhookMessage], None]


async def is_answered(url: str, secret: str) -> bool:
    """Whether a process with this secret answers at the address: ours, or another one behind it."""
    challenge = uuid.uuid4().hex
    headers, body = challenging(challenge, secret, datetime.now(UTC))
    with suppress(aiohttp.ClientError, TimeoutError):
        async with (
            asyncio.timeout(ASK_WITHIN),
            aiohttp.ClientSession() as http,
            http.post(url, data=body, headers=headers) as answer,
        ):
            return (await answer.read()) == challenge.encode()
    return False


class WebhookEndpoint:
    """Serves while the context lasts. Raises ConfigError when the address cannot be had."""

    def __init__(
        self,
        settings: TwitchSection,
        notified: Take,
        revoked: Take,
        stored: Callable[[], Awaitable[None]],
        *,
        clock: Callable[[], float] = now,
    ) -> None:
        """`stored` returns when everything that Twitch has told so far is safe, which is when Twitch is answered."""
        assert settings.webhook_secret is not None
        self._secret = settings.webhook_secret.get_secret_value()
        self._takers = {"notification": notified, "revocation": revoked}
        self._stored = stored
        self._clock = clock
        keep_secret(self._secret)
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post(urlsplit(settings.webhook_url).path or "/", self._answer)
        host, _, port = settings.webhook_listen.rpartition(":")
        self._http = HttpServer(app, host.strip("[]"), int(port), stop_within=ANSWER_WITHIN)

    @property
    def port(self) -> int:
        """Where it listens; with 0 known once started."""
        return self._http.port

    async def __aenter__(self) -> Self:
        remedy = "set it to a free port, and have your proxy pass Twitch's requests on to that"
        await self._http.start_where_set("twitch.webhook_listen", remedy)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.stop()

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            message = verified(request.headers, await request.read(), self._secret, self._clock())
        except NotFromTwitch as why:
            log.info("refused what came as if from Twitch: %s", why)
            raise web.HTTPForbidden(text=str(why)) from None
        if message.type == VERIFICATION:
            return web.Response(text=str(message.body.get("challenge", "")))
        if take := self._takers.get(message.type):
            take(message)
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_WITHIN):
                    await self._stored()
        return web.Response(status=204)
