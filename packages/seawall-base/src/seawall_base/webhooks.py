"""Send one message to one webhook, as the Standard Webhooks specification (standardwebhooks.com) describes.

A repeated message has the same `webhook-id`, so that the receiver can drop it. With a secret, `webhook-signature` is the
HMAC-SHA256 of id, time and body. `http_client.post` describes the connection's limits. Only the status of the answer
counts; on request, the start of its body is returned as unverified text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

from seawall_base.http_client import NoResponse, post
from seawall_base.http_connection import TrustStore
from seawall_base.http_url import parse_url
from seawall_base.webhook import Webhook

TIMEOUT: Final = 15.0
"""Seconds for one delivery, however slowly the answer arrives."""

LONGEST_ANSWER: Final = 16 * 1024
"""Most bytes of an answer that are returned."""

_PREFIX: Final = "whsec_"


class DeliveryFailed(Exception):
    """The receiver did not accept a message. `is_final` means that sending it again is useless. The text contains no secret.

    `may_have_arrived` is false if the receiver certainly did not accept it: it was never reached, or it refused the
    message. `retry_after` is the number of seconds for which the receiver wants no further message, 0 if it did not say.
    """

    def __init__(
        self,
        reason: str,
        *,
        is_final: bool = False,
        may_have_arrived: bool = True,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(reason)
        self.is_final = is_final
        self.may_have_arrived = may_have_arrived
        self.retry_after = retry_after


def target_of(webhook: Webhook) -> str:
    """Return a webhook's name for lists and logs: its host, and a digest of the URL, which may contain a secret."""
    where = parse_url(webhook.url, allow_loopback_http=True)
    return f"{where.authority} ({hashlib.sha256(webhook.url.encode()).hexdigest()[:8]})"


def signature(secret: str, message_id: str, seconds: int, body: bytes) -> str:
    """Return the value of `webhook-signature`. A secret `whsec_…` is base64 after this prefix."""
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
    wants_answer: bool = False,
) -> bytes:
    """POST a JSON body, and return when the receiver has answered with a status of success.

    `seconds` is the sending time since 1970. With `wants_answer`, return the first bytes of the answer's body. Raises
    `DeliveryFailed` and nothing else.
    """
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "Idempotency-Key": message_id,
    }
    if webhook.secret:
        headers["webhook-signature"] = signature(webhook.secret, message_id, seconds, body)
    wanted = LONGEST_ANSWER if wants_answer else 0
    try:
        answer = post(webhook.url, headers, body, timeout=timeout, trust=trust, wanted=wanted)
    except NoResponse as error:
        raise DeliveryFailed(str(error), may_have_arrived=error.may_have_arrived) from None
    status = answer.status
    if 200 <= status < 300:
        return answer.body
    if 300 <= status < 400:
        raise DeliveryFailed(
            f"the receiver answered with a redirect ({status}); none is followed", may_have_arrived=False
        )
    raise DeliveryFailed(
        f"the receiver answered with status {status}", is_final=status == 410, may_have_arrived=status >= 500
    )
