"""Entra's login on the port of a vendor's server, so that the whole way from a secret to a change is walked."""

from __future__ import annotations

from typing import Any

from tests.response.containment.graph import Graph


class GraphWithLogin(Graph):
    """Graph that also hands out its token for a secret; `logins` counts. Forms come as text."""

    def __init__(self, tenant: str, secret: str) -> None:
        super().__init__()
        self.tenant, self.secret = tenant, secret
        self.logins = 0

    def handle(
        self, method: str, target: str, token: str, body: Any
    ) -> tuple[int, Any, dict[str, str]] | None:
        """Login first; everything else is Graph's."""
        authority = f"https://login.microsoftonline.com/{self.tenant}"
        if target.endswith("/openid-configuration"):
            return 200, {
                "issuer": f"{authority}/v2.0",
                "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
                "token_endpoint": f"{authority}/oauth2/v2.0/token",
            }, {}  # fmt: skip
        if target.endswith("/oauth2/v2.0/token"):
            self.logins += 1
            if f"client_secret={self.secret}" not in str(body):
                return 401, {"error": "invalid_client", "error_description": "no"}, {}
            return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": self.token}, {}
        answer: tuple[int, Any, dict[str, str]] | None = super().handle(method, target, token, body)
        return answer
