"""Hold what every endpoint needs: the store, the running detection, settings and the clock."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from seawall.console.cursors import Cursors
from seawall.console.errors import ServeInvalid
from seawall.storage.errors import StoreRefused
from seawall.storage.lake.parts import settle
from seawall.web.peers import LOOPBACK, Peers
from seawall_base.clock import read_wall_clock
from seawall_base.secret_file import read_key_file

if TYPE_CHECKING:
    from seawall.console.sign_in.oidc_settings import OidcSettings
    from seawall.console.sign_in.one_time_link import OneTimeLink
    from seawall.storage.database import Database
    from seawall.storage.lake import Lake

MICROSECONDS: Final = 1_000_000
KEY_BYTES: Final = 32
KEY_FILE: Final = "secret.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """Settings of the console server.

    `hosts` are the names under which browsers reach it (lower case, without port), besides those of this machine if
    it `is_loopback` (listens only on a loopback address). `proxies` are the peers whose forwarding headers are
    trusted; None: no proxy. `is_encrypted`: this process terminates TLS. `needs_sign_in`: users at this machine sign
    in too. Durations are seconds.

    One client uses at most `threads_each` of the `threads` at once and has `waiting_each` requests waiting; more are
    refused. Heavy routes have separate `heavy_threads`, with `heavy_each` requests of one user at once; more are
    refused. `metrics_allow` are the peers that may read `/metrics` and the reasons in `/healthz`. `link` signs in once, for
    a console that was started for one person. Without `drops_enabled` nobody can drop exports onto the pages.
    """

    hosts: tuple[str, ...] = ()
    is_loopback: bool = True
    is_encrypted: bool = False
    proxies: Peers | None = None
    needs_sign_in: bool = False
    is_demo: bool = False
    ingest_enabled: bool = True
    oidc: OidcSettings | None = None
    link: OneTimeLink | None = None
    session_seconds: int = 12 * 3600
    idle_seconds: int = 2 * 3600
    body_seconds: float = 10.0
    threads: int = 16
    threads_each: int = 6
    waiting_each: int = 64
    heavy_threads: int = 3
    heavy_each: int = 2
    metrics_allow: Peers = LOOPBACK
    most_streams: int = 64
    most_streams_each: int = 8
    drops_enabled: bool = True

    @property
    def may_drop(self) -> bool:
        """Return whether the user at this machine may drop exports: on loopback only, without sign-in and proxy."""
        is_local = self.is_loopback and not self.needs_sign_in and self.proxies is None and not self.hosts
        return self.drops_enabled and is_local

    @property
    def is_https(self) -> bool:
        """Return whether browsers connect by https."""
        return self.is_encrypted or self.proxies is not None


@dataclass(slots=True)
class ConsoleContext:
    """The parts of the application that every endpoint gets.

    `service` is the running `seawall.pipeline.live.service.WatchService` (None: another program detects); `what_if` is the
    `seawall.pipeline.live.what_if.WhatIfService`. `channels` is the file of channels that get messages. `notes` holds what
    endpoints keep in memory between requests, by name. `key` is the installation's secret: it signs cursors and encrypts the
    secrets of one-time codes. `organisations` are those that database and lake are narrowed to; None: both are whole.
    """

    database: Database
    lake: Lake | None
    key: bytes = field(repr=False)
    settings: ConsoleSettings = field(default_factory=ConsoleSettings)
    service: Any = None
    what_if: Any = None
    channels: Path | None = None
    clock: Callable[[], int] = read_wall_clock
    notes: dict[str, Any] = field(default_factory=dict)
    organisations: frozenset[str] | None = None
    cursors: Cursors = field(init=False)
    local_key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the keys from the installation's key. The local admin's CSRF token is new in each process."""
        if len(self.key) < KEY_BYTES:
            raise ValueError("the installation's key is too short")
        self.cursors = Cursors(self.key)
        self.local_key = secrets.token_bytes(KEY_BYTES)


def installation_key(folder: Path) -> bytes:
    """Return the installation's secret, created at the first start and readable only by its owner.

    The file is renamed into place once complete: a full disk leaves no partial key. Raises `ServeInvalid`, and
    `StoreRefused` if it cannot be created.
    """
    path = folder / KEY_FILE
    waiting = path.with_name(f"{KEY_FILE}.{secrets.token_hex(8)}")
    if os.path.lexists(path):
        return _read_key(path)
    try:
        try:
            _write_key(waiting)
            _put(waiting, path)
        finally:
            waiting.unlink(missing_ok=True)
        settle(folder)
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreRefused(
            f"{path} cannot be created: {error.strerror}",
            fix="check the free space and the folder's permissions",
        ) from None
    return _read_key(path)


def _put(waiting: Path, path: Path) -> None:
    """Move the complete key into place. If another process was first, raise FileExistsError."""
    try:
        os.link(waiting, path)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}:
            raise
        waiting.replace(path)  # the file system has no hard links


def _write_key(path: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _read_key(path: Path) -> bytes:
    fix = "restore it from a backup; without it, users set up their one-time codes anew: remove the file"
    content = read_key_file(path, ServeInvalid, what="the installation's key", fix=fix)
    if len(content) != KEY_BYTES:
        raise ServeInvalid(f"{path} is damaged", fix=fix)
    return content
