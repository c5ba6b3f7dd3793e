"""Hold a webhook's URL and signing secret."""

from __future__ import annotations

from dataclasses import dataclass, field

from seawall_base.errors import UsageError
from seawall_base.http_url import FetchError, parse_url

LEAST_SECRET = 16
"""Fewest characters of a webhook's secret: shorter ones could be guessed."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Hold where messages are sent.

    `secret` signs them and is never shown. Raises UsageError for a URL or secret that is unsafe.
    """

    url: str
    secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Raise UsageError for an invalid URL or a short secret."""
        try:
            parse_url(self.url, allow_loopback_http=True)
        except FetchError as error:
            raise UsageError(
                f"this cannot be a webhook: {error}",
                fix="write it as https://host/path; http:// only for this machine",
            ) from None
        if self.secret and len(self.secret) < LEAST_SECRET:
            raise UsageError(
                f"the secret of a webhook has less than {LEAST_SECRET} characters",
                fix="create a secret: openssl rand -hex 32",
            )
