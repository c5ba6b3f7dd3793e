"""Start the gate: check the configuration, then listen with granian and its worker processes."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seawall.gate import metrics
from seawall.gate.admin_token import read_token_digest
from seawall.gate.application import GateApplication
from seawall.gate.errors import GateInvalid
from seawall.gate.loaded_policy import LoadedPolicy, load_gate_policy, log_target, replay_path
from seawall.gate.log_lines import LineHandler
from seawall.gate.step_up.store import StepUpStore
from seawall.gate.step_up.store import create as create_step_up
from seawall.gate.worker import ADMIN, EVENTS, STATUS, VERIFY, WorkerConfig
from seawall.web.listen_address import ListenAddress, ListenAddressInvalid, check_free, parse_listen_address
from seawall_base.errors import StoreBroken
from seawall_tokens.revocation.store import RevocationStore
from seawall_tokens.verify.replay import SharedReplayGuard

if TYPE_CHECKING:
    from granian.server.mp import MPServer

    from seawall.gate.settings import GateSettings

BACKLOG = 1024
PATIENCE = 5
"""Seconds that a worker gets to stop by itself."""


def parse_address(text: str) -> ListenAddress:
    """Return the address in `127.0.0.1:8087`, `[::1]:8087` or `unix:/path`. Raises `GateInvalid`."""
    try:
        return parse_listen_address(text)
    except ListenAddressInvalid as invalid:
        raise GateInvalid(str(invalid), fix="write 127.0.0.1:8087, [::1]:8087 or unix:/path") from None


@dataclass(frozen=True, slots=True)
class StartupPlan:
    """The checked configuration. `made` are the stores that were created now, or would be without `make`."""

    config: WorkerConfig
    loaded: LoadedPolicy
    made: tuple[Path, ...]
    admin: ListenAddress | None


def prepare(policy: Path, *, dry_run: bool, make: bool = True) -> StartupPlan:
    """Check policy, settings, stores and the administrator's token. Raises `SeawallError`.

    Missing stores of a first start are created last, and only with `make`. A mere check may run as another user than the
    gate, and the gate refuses a store that belongs to another user.
    """
    loaded = load_gate_policy(policy)
    settings = loaded.settings
    missing = [] if _store_exists(loaded) else [loaded.store]
    if settings.step_up.enabled and not _step_up_exists(loaded):
        missing.append(loaded.step_up)
    if make and settings.log != "stderr":
        _check_log(Path(log_target(loaded)))
    digest = read_token_digest(settings.admin) if settings.admin.enabled else None
    admin = parse_address(settings.admin.listen) if settings.admin.enabled and settings.admin.listen else None
    parts = {VERIFY, EVENTS, STATUS} | ({ADMIN} if settings.admin.enabled and admin is None else set())
    for store in missing if make else ():
        if store == loaded.store:
            RevocationStore.create(store).close()
        else:
            create_step_up(store)
    if make or replay_path(loaded).exists():
        SharedReplayGuard(replay_path(loaded)).close()
    config = WorkerConfig(policy.absolute(), os.urandom(32), frozenset(parts), dry_run, digest)
    return StartupPlan(config, loaded, tuple(missing), admin)


def _check_log(path: Path) -> None:
    try:
        LineHandler(str(path)).close()
    except OSError as error:
        raise GateInvalid(
            f"cannot log to {path}: {error.strerror}",
            fix="set log in [gate] to a file that the gate may write",
        ) from None


def _store_exists(loaded: LoadedPolicy) -> bool:
    """Check the revocation store; return False if it is missing and the policy does not name it, so that it will be
    created.
    """
    if not loaded.store.exists() and loaded.document.revocation_store is None:
        return False
    try:
        RevocationStore.open(loaded.store).close()
    except StoreBroken as broken:
        if not loaded.store.exists():
            broken.fix = f"make one: seawall token revoke --store {loaded.store} --create-store"
        raise
    return True


def _step_up_exists(loaded: LoadedPolicy) -> bool:
    """Check the step-up store; return False if it is missing and the settings do not name it."""
    if not loaded.step_up.exists() and loaded.settings.step_up.store is None:
        return False
    try:
        StepUpStore(loaded.step_up).close()
    except StoreBroken as broken:
        if not loaded.step_up.exists():
            broken.fix = f"make one: seawall step-up create --store {loaded.step_up}"
        raise
    return True


def serve(prepared: StartupPlan, address: ListenAddress, workers: int) -> int:
    """Listen until stopped; return the exit code. Raises `GateInvalid` if the address cannot be used."""
    check_address(address)
    if prepared.admin is not None:
        check_address(prepared.admin)
    folder = metrics.prepare_folder()
    stopping = threading.Event()
    beside: threading.Thread | None = None
    try:
        if prepared.admin is not None:
            config = replace(prepared.config, parts=frozenset({ADMIN, STATUS}))
            beside = threading.Thread(
                target=_keep_running,
                args=(config, prepared.loaded.settings, prepared.admin, stopping),
                name="admin",
            )
            beside.start()
        return run(prepared.config, prepared.loaded.settings, address, workers)
    finally:
        stopping.set()
        if beside is not None:
            beside.join()
        metrics.remove_folder(folder)


def run(config: WorkerConfig, settings: GateSettings, address: ListenAddress, workers: int) -> int:
    """Run one listener with its workers in this process."""
    try:
        make_server(settings, address, workers).serve(
            target_loader=partial(GateApplication, config), wrap_loader=False
        )
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _keep_running(
    config: WorkerConfig, settings: GateSettings, address: ListenAddress, stopping: threading.Event
) -> None:
    """Run the administrator's listener in a separate process, and restart the process if it dies."""
    processes = multiprocessing.get_context("spawn")
    while not stopping.is_set():
        process = processes.Process(
            target=_run_beside, args=(config, settings, address, 1), name="seawall-admin"
        )
        process.start()
        while process.is_alive() and not stopping.wait(0.2):
            pass
        process.terminate()
        process.join(2 * PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()
        if not stopping.wait(1.0):
            logging.getLogger("_granian").error("the administrator's listener ended and is started anew")


def _run_beside(config: WorkerConfig, settings: GateSettings, address: ListenAddress, workers: int) -> int:
    """Run like `run`, but only as long as the parent process lives."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
    return run(config, settings, address, workers)


def check_address(address: ListenAddress) -> None:
    """Raise `GateInvalid` if another program listens on the address."""
    try:
        check_free(address)
    except ListenAddressInvalid as invalid:
        raise GateInvalid(
            str(invalid), fix="choose another address with --listen, or another socket with --uds"
        ) from None


def make_server(settings: GateSettings, address: ListenAddress, workers: int) -> MPServer:
    """Return the server, not yet listening. On SIGHUP, workers reload the policy."""
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LOGGING_CONFIG, LogLevels
    from granian.server.mp import MPServer

    parent = os.getpid()

    class GateServer(MPServer):
        def signal_handler_reload(self, *_: Any, **__: Any) -> None:
            if os.getpid() == parent:
                for worker in self.wrks:
                    with suppress(ProcessLookupError):
                        os.kill(worker.inner.pid, signal.SIGHUP)

    logs: dict[str, Any] = LOGGING_CONFIG
    handlers = {name: {**one, "stream": "ext://sys.stderr"} for name, one in logs["handlers"].items()}
    where: dict[str, Any] = (
        {"address": address.host, "port": address.port}
        if address.path is None
        else {"uds": address.path, "uds_permissions": 0o660}
    )
    return GateServer(
        "seawall gate",
        **where,
        interface=Interfaces.ASGI,
        workers=workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        log_level=LogLevels.warning,
        log_dictconfig={"handlers": handlers},
        http1_settings=HTTP1Settings(
            header_read_timeout=int(settings.header_seconds * 1000), max_buffer_size=settings.header_bytes
        ),
        respawn_failed_workers=True,
        workers_kill_timeout=PATIENCE,
    )
