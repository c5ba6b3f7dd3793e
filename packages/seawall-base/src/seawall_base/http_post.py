"""One POST to one host: what webhooks and signals have in common.

No redirect is followed, no proxy of the environment is used, the certificate is verified, and the whole exchange has one time
limit, however slowly the answer drips.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from seawall_base.http_client import (
    Deadline,
    FetchRefused,
    Incoming,
    Location,
    TrustStore,
    connect,
    location_of,
    translated,
    verifying,
)

_ANSWER_BYTES: Final = 256 * 1024
"""Bytes of an answer that are read at most, beside what of its body is wanted."""


class NotAnswered(Exception):
    """There was no answer that could be read. `may_have_arrived` is false where nothing was sent yet. Holds no secret."""

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the status, how long to wait if the server said so (seconds), and the first bytes of the body."""

    status: int
    retry_after: str | None
    body: bytes


@dataclass(slots=True)
class _Exchange:
    """One exchange: its time limit, how much of the answer is wanted, and whether anything was sent yet."""

    deadline: Deadline
    wanted: int
    has_begun: bool = False


def post(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    timeout: float,
    trust: TrustStore | None = None,
    wanted: int = 0,
) -> Answer:
    """POST `body` to `https`, or to `http` on this machine alone.

    `headers` are ASCII without line breaks; host, length, agent and connection are set here. At most `wanted` bytes of the
    answer's body are given back, as far as it came. Raises `NotAnswered` and nothing else.
    """
    exchange = _Exchange(Deadline(timeout), wanted)
    try:
        where = location_of(url, allow_loopback_http=True)
        return _post(exchange, where, headers, body, trust)
    except FetchRefused as error:
        raise NotAnswered(str(error), may_have_arrived=exchange.has_begun) from None


def _post(
    exchange: _Exchange, where: Location, headers: Mapping[str, str], body: bytes, trust: TrustStore | None
) -> Answer:
    lines = [f"POST {where.target} HTTP/1.1", f"Host: {where.authority}"]
    own = {"Content-Length": str(len(body)), "User-Agent": "seawall", "Connection": "close"}
    lines += [f"{name}: {value}" for name, value in {**headers, **own}.items()]
    if any("\r" in line or "\n" in line or not line.isascii() for line in lines):
        raise NotAnswered("a header holds a line break or more than ASCII", may_have_arrived=False)
    request = "\r\n".join((*lines, "", "")).encode("ascii") + body
    with translated():
        context = verifying(trust) if where.scheme == "https" else None
        with connect(where, exchange.deadline) as plain:
            plain.settimeout(exchange.deadline.left())
            if context is None:
                return _asked(exchange, plain, request)
            with context.wrap_socket(
                plain, server_hostname=where.host, suppress_ragged_eofs=False
            ) as secured:
                return _asked(exchange, secured, request)


def _asked(exchange: _Exchange, connection: socket.socket, request: bytes) -> Answer:
    connection.settimeout(exchange.deadline.left())
    exchange.has_begun = True
    connection.sendall(request)
    incoming = Incoming(connection, max(_ANSWER_BYTES, exchange.wanted), exchange.deadline)
    answer = http.client.HTTPResponse(cast("socket.socket", incoming), method="POST")
    try:
        answer.begin()
        return Answer(answer.status, answer.headers.get("Retry-After"), _body(answer, exchange.wanted))
    finally:
        answer.close()


def _body(answer: http.client.HTTPResponse, wanted: int) -> bytes:
    """What came of the body: that it broke off changes nothing about the status."""
    if not wanted:
        return b""
    try:
        return answer.read(wanted)
    except (OSError, http.client.HTTPException, FetchRefused):
        return b""
