"""One HTTP endpoint as a place that JSON is posted to: connections, key, certificate, and what its failures mean.

Source: RFC 9110 for statuses; Retry-After is its section 10.2.3.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from commonweal.core.errors import ModelRefusedError, StudyError, TransientModelError
from commonweal.models.completion import LONGEST_REPLY_BYTES, read_wait

LONGEST_BODY_BYTES = 8 * LONGEST_REPLY_BYTES
"""Bytes read of one response: a reply of legal length with every byte escaped, and the fields around it."""

TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses that may pass."""


@dataclass
class _Open:
    """What belongs to one event loop."""

    loop: asyncio.AbstractEventLoop
    client: aiohttp.ClientSession


class StatusError(Exception):
    """A status that no retry helps, with the start of what the endpoint said."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status
        self.said = said


class Connection:
    """Connections to one endpoint, opened at the first call and again in every new event loop.

    Args:
        url: the endpoint's base address.
        key_env: environment variable that holds the key; unset means that no key is sent.
        timeout_s: seconds that one call may take, > 0.

    Raises:
        StudyError: when the address is none, or holds a password or a query.

    Source: see the module.
    """

    def __init__(self, url: str, key_env: str, timeout_s: float) -> None:
        self.url = _check_url(url)
        self.key_env = key_env
        self.timeout_s = timeout_s
        self._open: _Open | None = None
        self._reached = False

    async def post(self, path: str, body: Mapping[str, object]) -> bytes | None:
        """The body of a response of status 200; None when it is too long to be read.

        Args:
            path: below the base address.
            body: sent as JSON.

        Raises:
            StatusError: a status that no retry helps.
            TransientModelError: a failure that may pass.
            ModelRefusedError: nothing answers there, or its certificate is not trusted.
        """
        key = self._key()
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        client = self._client()
        try:
            async with client.post(
                f"{self.url}/{path}", data=json.dumps(body).encode(), headers=headers, allow_redirects=False
            ) as response:
                raw = await _read(response)
                if response.status == 200:
                    self._reached = True
                    return raw
                said = self._redact((raw or b"")[:2000].decode(errors="replace"))[:300]
                if response.status not in TRANSIENT_STATUS:
                    raise StatusError(response.status, said)
                self._reached = True
                limited = response.status in (429, 529)
                wait_s = read_wait(response.headers.get("Retry-After", ""))
                raise TransientModelError(
                    f"{self.url} answered with status {response.status}, expected a chat completion; resume later, or lower "
                    "the concurrency",
                    wait_s,
                    limited or wait_s > 0,
                )
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError) as error:
            raise ModelRefusedError(
                f"{self.url} has a certificate that this machine does not trust ({type(error).__name__}); expected one of a "
                "known authority: name its file in the environment variable SSL_CERT_FILE, or mend the address"
            ) from None
        except aiohttp.ClientConnectorError:
            if not self._reached:
                raise ModelRefusedError(
                    f"no endpoint at {self.url}: expected an OpenAI-compatible server there; start one or use --model embedded"
                ) from None
            raise TransientModelError(f"{self.url} is gone: it took no connection; start it again, then resume") from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise TransientModelError(
                f"{self.url} broke off a call ({type(error).__name__}, at most {self.timeout_s:g} s); resume later"
            ) from None

    async def close(self) -> None:
        """Closes the connections of this event loop."""
        mine, self._open = self._open, None
        if mine is not None and mine.loop is asyncio.get_running_loop():
            await mine.client.close()

    def _client(self) -> aiohttp.ClientSession:
        """The client of the running event loop; a client of a loop that is gone cannot be used again."""
        loop = asyncio.get_running_loop()
        if self._open is None or self._open.loop is not loop:
            client = aiohttp.ClientSession(
                # The scheduler bounds the calls in flight.
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=self.timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                # A proxy never stands between us and this machine.
                trust_env=not is_loopback(self.url),
            )
            self._open = _Open(loop, client)
        return self._open.client

    def _key(self) -> str:
        """The key, from the environment and nowhere else."""
        key = os.environ.get(self.key_env, "").strip()
        if not key.isascii() or not key.isprintable():
            raise ModelRefusedError(
                f"the key in the environment variable {self.key_env} holds letters that no key has; set it anew"
            )
        return key

    def _redact(self, text: str) -> str:
        """What an endpoint said, on one line, without what moves a terminal, and without our key: some repeat it in errors."""
        key = self._key()
        plain = "".join(letter if letter.isprintable() else " " for letter in (text.replace(key, "***") if key else text))
        return " ".join(plain.split())


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """A response's body; None when it is above its bound."""
    raw = bytearray()
    async for piece in response.content.iter_any():
        raw += piece
        if len(raw) > LONGEST_BODY_BYTES:
            response.close()
            return None
    return bytes(raw)


def _check_url(url: str) -> str:
    """The address without a final slash; StudyError when it is none or could hold a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise StudyError("the endpoint's address cannot be read; expected e.g. http://127.0.0.1:8000/v1") from None
    if parts.path.rstrip("/").endswith("/completions"):
        raise StudyError("the endpoint's address names one of its questions; expected what stands before /chat/completions")
    foreign = parts.username or parts.password or parts.query or parts.fragment or port == 0
    if parts.scheme not in ("http", "https") or not parts.hostname or foreign:
        raise StudyError(
            f"the endpoint's address{f' at {parts.hostname!r}' if parts.hostname else ''} is not http(s)://host/path, or holds "
            "a password, query or fragment; expected e.g. http://127.0.0.1:8000/v1, and the key in the environment"
        )
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine.

    Args:
        url: an address.
    """
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
