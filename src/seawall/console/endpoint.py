"""How a route is declared: one row says what it takes, what it answers, and who may ask.

The server and the OpenAPI document are made of the same rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Literal

from seawall.storage.database import Role
from seawall_base.msgspec_types import prepare

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.console.context import ConsoleContext
    from seawall.storage.database import Transaction

ROLES: Final[tuple[Role, ...]] = ("viewer", "analyst", "admin")
"""Each may do what those before it may."""

LOCAL: Final = "local"
"""The name of whoever sits at this machine, in the audit trail."""

BODY_BYTES: Final = 64 * 1024
JSON: Final = "application/json"
SAFE: Final = frozenset({"GET", "HEAD"})

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. `user` is None for the local admin; `handle` and `token` are those of the session, if there is one.

    `is_limited` is somebody who has to set up a second factor before anything else. `expires_at` is when the session ends at
    the latest, and so tells when they signed in.
    """

    name: str
    role: Role
    user: int | None = None
    handle: str | None = None
    csrf: str = field(default="", repr=False)
    is_limited: bool = False
    expires_at: int = 0

    def may(self, role: Role) -> bool:
        """Whether this role is theirs, or less than theirs."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request to an endpoint: everything is decoded and checked against the endpoint's types.

    `visitor` is None only where the endpoint is open to everybody. `now` is microseconds since the epoch, `address`
    the client's, behind any proxy.
    """

    context: ConsoleContext
    request: Request
    visitor: Visitor | None
    now: int
    address: str
    path: Mapping[str, str]
    query: Any = None
    body: Any = None

    @property
    def who(self) -> Visitor:
        """The visitor of an endpoint that has a role."""
        if self.visitor is None:
            raise LookupError("this endpoint is open to everybody")
        return self.visitor

    def note(self, work: Transaction, action: str, subject: str = "", **details: Any) -> None:
        """Write into the audit trail, in the transaction that does it. Never give it a secret."""
        actor = self.visitor.name if self.visitor is not None else ""
        work.audit.append(at=self.now, actor=actor, action=action, subject=subject, details=details)


Handle = Callable[[ApiCall], Any] | Callable[[ApiCall], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One route.

    `path` is a template as `/api/incidents/{id}`. A plain function runs in a thread and may wait for the database; an
    `async` one runs in the event loop and must not. It returns a value of the type `answer` (written as JSON), None
    for 204, or a response of Starlette's (`media` says of what kind). `role` None is open to everybody. `query` and
    `body` are msgspec structs. A `raw` endpoint reads the body and checks its bearer token itself: cookies are not
    looked at. An `is_heavy` one takes seconds: it is a plain function, has a role, and runs in threads apart, a few at once for
    each user; the surplus is refused with 429. `codes` are further errors that it gives: (status, code). `events` are the
    server-sent events of a stream whose data are JSON: (name, type).
    """

    method: Method
    path: str
    handle: Handle
    role: Role | None
    summary: str
    group: str
    query: type[Any] | None = None
    body: type[Any] | None = None
    answer: Any = None
    status: int = 200
    media: str = JSON
    body_bytes: int = BODY_BYTES
    seconds: float = 30.0
    raw: bool = False
    is_for_limited: bool = False
    is_heavy: bool = False
    codes: tuple[tuple[int, str], ...] = ()
    events: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        """Requests are answered in threads."""
        if self.is_heavy and (self.role is None or self.raw or iscoroutinefunction(self.handle)):
            raise ValueError("a heavy endpoint is a plain function for a user")
        prepare(*(kind for kind in (self.query, self.body) if kind is not None))
