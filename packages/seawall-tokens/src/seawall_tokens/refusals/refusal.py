"""The base class of refusals: one subclass for each reason, with a stable code and the number of its check."""

from __future__ import annotations

from typing import ClassVar

from seawall_tokens.refusals.challenge import format_challenge

REFUSALS: dict[str, type[Refusal]] = {}
"""Every refusal class by its code."""


class Refusal(Exception):
    """A token is not accepted.

    Class attributes: `code` is stable and public. `check` is the number of the check, 0 for none. `words` is the
    reason as a sentence. `status` is the HTTP status: 401, or 403 if another token would not help. `challenge` is the
    error code for `WWW-Authenticate` (RFC 6750, RFC 9449, RFC 9470), None if the header must not name an error.
    `source` is where the rule is written.

    An instance's `detail` may name a claim or a policy limit. It never contains text of the token. `acr_values` and
    `max_age` (seconds) are the demands on a new sign-in, for the challenge of RFC 9470. `scopes` are what the request
    needs, for that of RFC 6750.
    """

    code: ClassVar[str] = "refused"
    check: ClassVar[int] = 0
    words: ClassVar[str] = "The token is refused."
    status: ClassVar[int] = 401
    challenge: ClassVar[str | None] = "invalid_token"
    source: ClassVar[str] = ""

    def __init__(
        self,
        detail: str = "",
        *,
        acr_values: tuple[str, ...] = (),
        max_age: int | None = None,
        scopes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.acr_values = acr_values
        self.max_age = max_age
        self.scopes = scopes

    def __init_subclass__(
        cls,
        *,
        code: str,
        check: int,
        source: str,
        status: int = 401,
        challenge: str | None = "invalid_token",
    ) -> None:
        """Register the subclass. The first line of its docstring becomes its `words`."""
        super().__init_subclass__()
        if code in REFUSALS:
            raise TypeError(f"two refusals have the code {code}")
        cls.code = code
        cls.check = check
        cls.words = (cls.__doc__ or code).strip().splitlines()[0]
        cls.status = status
        cls.challenge = challenge
        cls.source = source
        REFUSALS[code] = cls

    @property
    def response_headers(self) -> dict[str, str]:
        """Return the HTTP headers for `status`: `WWW-Authenticate`, or nothing if it would name no error."""
        if self.status != 401 and self.challenge is None:
            return {}
        challenge = format_challenge(
            self, acr_values=self.acr_values, max_age=self.max_age, scopes=self.scopes
        )
        return {"WWW-Authenticate": challenge}

    def without_context(self) -> Refusal:
        """Return the refusal without traceback and chained exceptions, which may hold the token."""
        self.__cause__ = None
        self.__context__ = None
        return self.with_traceback(None)

    def __str__(self) -> str:
        return f"{self.code}: {self.words}" + (f" ({self.detail})" if self.detail else "")


class Internal(Refusal, code="internal", check=0, status=403, challenge=None, source="fail closed"):
    """The verification failed with an unexpected error, so the token is refused."""
