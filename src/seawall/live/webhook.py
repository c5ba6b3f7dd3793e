"""Sends one message to one webhook, in the form of the Standard Webhooks specification (standardwebhooks.com).

`webhook-id` is the same whenever a message is sent again, so that a receiver can drop what it has. With a secret,
`webhook-signature` is the HMAC-SHA256 of id, time and body. No redirect is followed, no proxy of the environment is used, the
certificate is verified, the whole exchange has one time limit, and of the answer only the status counts.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import socket
from typing import Final, cast

from seawall.jose.fetch import (
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
from seawall.live.settings import Webhook

TIMEOUT: Final = 15.0
"""Seconds for one delivery, however slowly the answer drips."""

_ANSWER_BYTES: Final = 256 * 1024
_PREFIX: Final = "whsec_"


class NotDelivered(Exception):
    """A message that was not taken. `is_final` says that sending it again is of no use. The text holds no secret."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


def target_of(webhook: Webhook) -> str:
    """Return the webhook's name in lists and logs: its host, and a digest of the rest, which may be a secret."""
    where = location_of(webhook.url, allow_loopback_http=True)
    return f"{where.authority} ({hashlib.sha256(webhook.url.encode()).hexdigest()[:8]})"


def signature(secret: str, message_id: str, seconds: int, body: bytes) -> str:
    """Return the value of `webhook-signature`. A secret that begins with `whsec_` is base64 behind it."""
    signed = f"{message_id}.{seconds}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()


def send(
    webhook: Webhook,
    message_id: str,
    body: bytes,
    *,
    seconds: int,
    timeout: float = TIMEOUT,
    trust: TrustStore | None = None,
) -> None:
    """POST a body of JSON; returns once the receiver has answered with a status of success.

    `seconds` is when it is sent, since the epoch. Raises `NotDelivered` and nothing else.
    """
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": "seawall",
        "Connection": "close",
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "Idempotency-Key": message_id,
    }
    if webhook.secret:
        headers["webhook-signature"] = signature(webhook.secret, message_id, seconds, body)
    try:
        status = _post(
            location_of(webhook.url, allow_loopback_http=True), headers, body, Deadline(timeout), trust
        )
    except FetchRefused as error:
        raise NotDelivered(str(error)) from None
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise NotDelivered(f"the receiver answered with a redirect ({status}); none is followed")
    raise NotDelivered(f"the receiver answered with status {status}", is_final=status == 410)


def _post(
    where: Location, headers: dict[str, str], body: bytes, deadline: Deadline, trust: TrustStore | None
) -> int:
    lines = [f"POST {where.target} HTTP/1.1", f"Host: {where.authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request = "\r\n".join((*lines, "", "")).encode("ascii") + body
    with translated():
        context = verifying(trust) if where.scheme == "https" else None
        with connect(where, deadline) as plain:
            plain.settimeout(deadline.left())
            if context is None:
                return _asked(plain, request, deadline)
            with context.wrap_socket(
                plain, server_hostname=where.host, suppress_ragged_eofs=False
            ) as secured:
                return _asked(secured, request, deadline)


def _asked(connection: socket.socket, request: bytes, deadline: Deadline) -> int:
    connection.settimeout(deadline.left())
    connection.sendall(request)
    incoming = Incoming(connection, _ANSWER_BYTES, deadline)
    answer = http.client.HTTPResponse(cast("socket.socket", incoming), method="POST")
    try:
        answer.begin()
        return answer.status
    finally:
        answer.close()
