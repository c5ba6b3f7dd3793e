"""Sends one message to one webhook, in the form of the Standard Webhooks specification (standardwebhooks.com).

`webhook-id` is the same whenever a message is sent again, so that a receiver can drop what it has. With a secret,
`webhook-signature` is the HMAC-SHA256 of id, time and body. No redirect is followed, no proxy of the environment is used, the
certificate is verified, the whole exchange has one time limit. Of the answer only the status counts, unless the body is asked
for; then a small one is given back, which is the receiver's word and nothing else.
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
"""Seconds for one delivery, however slowly the answer drips."""

LONGEST_ANSWER: Final = 16 * 1024
"""Bytes of an answer that are given back."""

_PREFIX: Final = "whsec_"


class DeliveryFailed(Exception):
    """A message that was not taken. `is_final` says that sending it again is of no use. The text holds no secret.

    `may_have_arrived` is false where the receiver certainly does not have it: it was never reached, or refused it itself.
    """

    def __init__(self, reason: str, *, is_final: bool = False, may_have_arrived: bool = True) -> None:
        super().__init__(reason)
        self.is_final = is_final
        self.may_have_arrived = may_have_arrived


def target_of(webhook: Webhook) -> str:
    """Return the webhook's name in lists and logs: its host, and a digest of the rest, which may be a secret."""
    where = parse_url(webhook.url, allow_loopback_http=True)
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
    wants_answer: bool = False,
) -> bytes:
    """POST a body of JSON; returns once the receiver has answered with a status of success.

    `seconds` is when it is sent, since the epoch. With `wants_answer` the first bytes of the answer's body are returned, as far
    as it came. Raises `DeliveryFailed` and nothing else.
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
