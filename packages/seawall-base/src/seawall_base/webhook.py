"""A webhook: where messages are sent, and the secret that signs them. A value."""

from __future__ import annotations

from dataclasses import dataclass, field

from seawall_base.errors import UsageError
from seawall_base.http_url import FetchError, parse_url

LEAST_SECRET = 16
"""Characters below which a webhook's secret could be guessed."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where messages are sent. `secret` signs what is sent; it is shown nowhere."""

    url: str
    secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what could never be sent safely."""
        try:
            parse_url(self.url, allow_loopback_http=True)
        except FetchError as error:
            raise UsageError(
                f"this cannot be a webhook: {error}", fix="https://host/path; http:// for this machine alone"
            ) from None
        if self.secret and len(self.secret) < LEAST_SECRET:
            raise UsageError(
                f"the secret of a webhook has less than {LEAST_SECRET} characters", fix="openssl rand -hex 32"
            )
