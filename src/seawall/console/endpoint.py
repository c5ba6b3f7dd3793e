"""Declare routes: one `Endpoint` states input, output, role and limits.

The server and the OpenAPI document are built from the same declarations.
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
"""Roles in ascending order; each includes those before it."""

LOCAL: Final = "local"
"""The audit trail's name for the local admin, who sits at this machine."""

BODY_BYTES: Final = 64 * 1024
JSON: Final = "application/json"
SAFE: Final = frozenset({"GET", "HEAD"})

TenantRule = Literal["own", "all", "none"]
"""Who may call a route of those who are limited to organisations.

`own`: they may, and see what belongs to their organisations. `none`: they may, and nothing of it belongs to an organisation.
`all`: they may not, since it concerns all organisations.
"""

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """The requester. `user` is None for the local admin; `handle` and `token` belong to the session, if there is one.

    `is_limited` marks a user who must first set up a second factor. `expires_at` is the session's latest end, from
    which the sign-in time follows. `organisations` are those that the visitor is limited to; None: he sees all.
    """

    name: str
    role: Role
    user: int | None = None
    handle: str | None = None
    csrf: str = field(default="", repr=False)
    is_limited: bool = False
    expires_at: int = 0
    organisations: frozenset[str] | None = None

    def may(self, role: Role) -> bool:
        """Return whether the visitor has this role or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request to an endpoint, decoded and validated.

    `visitor` is None only if the endpoint is open to everybody. `now` is microseconds since the epoch; `client_address` is
    the client's, behind any proxy.
    """

    context: ConsoleContext
    request: Request
    visitor: Visitor | None
    now: int
    client_address: str
    path: Mapping[str, str]
    query: Any = None
    body: Any = None

    @property
    def who(self) -> Visitor:
        """Return the visitor of an endpoint that requires a role."""
        if self.visitor is None:
            raise LookupError("this endpoint is open to everybody")
        return self.visitor

    def note(self, work: Transaction, action: str, subject: str = "", **details: Any) -> None:
        """Write to the audit trail, in the transaction of the act itself. Never pass it a secret."""
        actor = self.visitor.name if self.visitor is not None else ""
        work.audit.append(at=self.now, actor=actor, action=action, subject=subject, details=details)


Handle = Callable[[ApiCall], Any] | Callable[[ApiCall], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One route.

    `path` is a template such as `/api/incidents/{id}`. A plain function runs in a thread and may wait for the
    database; an `async` one runs in the event loop and must not. It returns a value of type `answer` (written as
    JSON), None for 204, or a Starlette response (`media` states its type). `role` None is open to everybody. `query`
    and `body` are msgspec structs.

    A `raw` endpoint reads the body and checks its bearer token itself, ignoring cookies. An `is_streamed` endpoint is `async`
    and reads the body of its request itself, once the user was admitted. An `is_heavy` endpoint takes
    seconds: it is a plain function with a role, and runs in separate threads, a few at once for each user; more are
    refused with 429. `tenants` says who may call it of those who are limited to organisations; without it none of them
    may. `codes` are its further errors: (status, code). `events` are a stream's server-sent events with
    JSON data: (name, type).
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
    is_streamed: bool = False
    is_for_limited: bool = False
    is_heavy: bool = False
    tenants: TenantRule | None = None
    codes: tuple[tuple[int, str], ...] = ()
    events: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        """Raise `ValueError` for a heavy endpoint without a role, raw or async; prepare decoding its types.

        An endpoint that reads its body itself must be async and have a role.
        """
        if self.is_streamed and (self.role is None or not iscoroutinefunction(self.handle)):
            raise ValueError("a streamed endpoint is an async function for a user")
        if self.is_heavy and (self.role is None or self.raw or iscoroutinefunction(self.handle)):
            raise ValueError("a heavy endpoint is a plain function for a user")
        prepare(*(kind for kind in (self.query, self.body) if kind is not None))
