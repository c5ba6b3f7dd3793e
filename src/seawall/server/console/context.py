"""What every endpoint works with: the store, the running detection, settings and the clock."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from seawall.errors import ServeInvalid
from seawall.server.addresses import Peers
from seawall.server.console.cursors import Cursors

if TYPE_CHECKING:
    from seawall.server.console.sign_in.oidc_settings import OidcSettings
    from seawall.store.database import Database
    from seawall.store.lake import Lake

MICROSECONDS: Final = 1_000_000
KEY_BYTES: Final = 32
KEY_FILE: Final = "secret.key"


def now_us() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """How the console is served.

    `hosts` are the names under which browsers find it (lower case, without port), beside those of this machine where
    it `is_loopback` (listens on a loopback address alone). `proxies` are the peers that may say on whose behalf they ask;
    None: there is no proxy in front. `is_encrypted`: this process itself ends TLS. `needs_sign_in`: also whoever sits at
    this machine signs in. Durations are seconds.
    """

    hosts: tuple[str, ...] = ()
    is_loopback: bool = True
    is_encrypted: bool = False
    proxies: Peers | None = None
    needs_sign_in: bool = False
    is_demo: bool = False
    ingest_enabled: bool = True
    oidc: OidcSettings | None = None
    session_seconds: int = 12 * 3600
    idle_seconds: int = 2 * 3600
    body_seconds: float = 10.0
    threads: int = 16
    most_streams: int = 64
    most_streams_each: int = 8

    @property
    def is_https(self) -> bool:
        """Whether browsers come with https."""
        return self.is_encrypted or self.proxies is not None


@dataclass(slots=True)
class Context:
    """The application's parts, handed to every endpoint.

    `service` is the running `seawall.live.service.Service` (None: another program detects), `desk` the
    `seawall.live.desk.Desk`; `notes` is for what endpoints keep in memory between requests, by name. `key` is the
    secret of this installation: it signs cursors and encrypts the secrets of one-time codes.
    """

    database: Database
    lake: Lake | None
    key: bytes = field(repr=False)
    settings: ConsoleSettings = field(default_factory=ConsoleSettings)
    service: Any = None
    desk: Any = None
    clock: Callable[[], int] = now_us
    notes: dict[str, Any] = field(default_factory=dict)
    cursors: Cursors = field(init=False)
    local_key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive what follows from the key; the local admin's CSRF token is of this process alone."""
        if len(self.key) < KEY_BYTES:
            raise ValueError("the installation's key is too short")
        self.cursors = Cursors(self.key)
        self.local_key = secrets.token_bytes(KEY_BYTES)


def installation_key(folder: Path) -> bytes:
    """The secret of an installation, made at the first start, readable for its owner alone. Raises `ServeInvalid`."""
    path = folder / KEY_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return _read_key(path)
    except OSError as error:
        raise ServeInvalid(
            f"{path} cannot be made: {error.strerror}", fix="check the store's permissions"
        ) from None
    made = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(descriptor, "wb") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    return made


def _read_key(path: Path) -> bytes:
    fix = "restore it from a backup; without it, users set up their one-time codes anew: remove the file"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ServeInvalid(f"{path} cannot be read: {error.strerror}", fix=fix) from None
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise ServeInvalid(f"{path} can be read by other users", fix=f"chmod 600 {path}")
        content = file.read(KEY_BYTES + 1)
    if len(content) != KEY_BYTES:
        raise ServeInvalid(f"{path} is damaged", fix=fix)
    return content
