"""One worker process: its policy, stores and keys, how they are kept current, and their faults.

Anything broken stops decisions: without a policy there is no authoriser. `Revocations` refuses if the store cannot be
confirmed, `KeyCache` if keys are too old, and `RequestAuthoriser` if incidents are unknown.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seawall.gate.authorisation import RequestAuthoriser, make_request_authoriser
from seawall.gate.decision_log import DecisionLog
from seawall.gate.errors import GateInvalid
from seawall.gate.log_lines import LineHandler
from seawall.gate.metrics import Metrics
from seawall.gate.non_blocking_keys import NonBlockingKeySource, forbid_waiting
from seawall.gate.polling import Poller
from seawall.gate.risk import RiskList
from seawall.gate.settings import GateSettings
from seawall.gate.step_up import make_step_up
from seawall.gate.verify_endpoint import VerifyEndpoint
from seawall.web.probe import HealthFault
from seawall_base.errors import SeawallError
from seawall_tokens.keys.cache import KeyCache
from seawall_tokens.revocation.follower import RevocationFollower
from seawall_tokens.verify import decision
from seawall_tokens.verify.replay import Nonces, SharedReplayGuard

if TYPE_CHECKING:
    from seawall.gate.elevation import StepUp

from seawall.gate.loaded_policy import LoadedPolicy, load_gate_policy, log_target, replay_path
from seawall.web.error_log import log_unexpected_error

VERIFY, ADMIN, EVENTS, STATUS = "verify", "admin", "events", "status"
"""Groups of endpoints."""

THREADS = 8
TICK = 0.5
"""Seconds between checks of files for changes."""

UNREAD = (-1, -1, -1)
"""A file version that no file has, present or missing."""

_log = logging.getLogger("seawall.gate")


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """The configuration that the parent process gives every worker. `parts` are the groups of endpoints to serve."""

    policy: Path
    nonce_secret: bytes
    parts: frozenset[str]
    dry_run: bool = False
    admin_digest: bytes | None = None


class Worker:
    """The state of one worker process. Create and start it in that process, after any fork."""

    def __init__(self, config: WorkerConfig, clock: Callable[[], float] = time.time) -> None:
        self.config = config
        self.clock = clock
        self.metrics = Metrics()
        self.loaded_policy = load_gate_policy(config.policy)
        self.loaded_at = clock()
        self.authoriser: RequestAuthoriser | None = None
        self.step_up: StepUp | None = None
        self.follower = RevocationFollower(self.loaded_policy.store)
        self._policy_fault = ""
        self._version = _version_of(config.policy)
        self._risk = RiskList(self.loaded_policy.settings.risk, clock)
        self._replay = SharedReplayGuard(replay_path(self.loaded_policy))
        self._nonces = Nonces([config.nonce_secret])
        self._handler = LineHandler(log_target(self.loaded_policy))
        self._decision_log = DecisionLog(self._handler.add)
        self._threads = ThreadPoolExecutor(THREADS, "decide")
        self._proofs = ThreadPoolExecutor(1, "proofs", forbid_waiting)
        self._chores = ThreadPoolExecutor(1, "chores")
        self._admin = ThreadPoolExecutor(2, "admin")
        self._signals = ThreadPoolExecutor(THREADS, "signals")
        self._tasks: list[asyncio.Task[None]] = []
        self._poller = Poller(self)
        self.verify = VerifyEndpoint(
            lambda: self.authoriser,
            self.metrics,
            self._decision_log,
            self._threads,
            self._proofs,
            dry_run=config.dry_run,
            clock=clock,
        )

    @property
    def settings(self) -> GateSettings:
        """The current settings."""
        return self.loaded_policy.settings

    async def start(self) -> None:
        """Read the store, start to authorise, and keep everything current. Raises `StoreBroken`."""
        forbid_waiting()
        self._log_to_handler()
        self.follower.start()
        if VERIFY in self.config.parts and self.settings.step_up.enabled:
            self.step_up = make_step_up(
                self.settings,
                self.loaded_policy.step_up,
                lambda: self.authoriser,
                self._decision_log,
                self.clock,
            )
        self.authoriser = self._make_authoriser(self.loaded_policy, self._risk)
        self.measure()
        if EVENTS in self.config.parts:
            self._poller.start()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload_soon)
        self._tasks = [asyncio.create_task(self._warm(self.authoriser)), asyncio.create_task(self._tick())]

    async def stop(self) -> None:
        """Stop everything that `start` began."""
        self._poller.stop()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self.authoriser = None
        forbid_waiting(never=False)
        self.follower.stop()
        for threads in (self._threads, self._proofs, self._chores, self._admin, self._signals):
            threads.shutdown(wait=False, cancel_futures=True)
        self._replay.close()
        if self.step_up is not None:
            self.step_up.close()
        logging.getLogger("seawall").removeHandler(self._handler)
        decision.LOGGER.setLevel(logging.NOTSET)
        self._handler.close()

    def faults(self) -> list[HealthFault]:
        """Return all current faults, those that stop requests first."""
        return sorted(self._faults(), key=lambda fault: not fault.stops)

    def _faults(self) -> Iterator[HealthFault]:
        if self.authoriser is None:
            yield HealthFault("not-ready", "the worker has not started", stops=True)
        if self.follower.broken is not None or self.follower.revocations.stale:
            yield HealthFault(
                "store-broken",
                "the store of revocations cannot be confirmed",
                stops=self.follower.revocations.stale,
            )
        statuses = [(name, cache.status()) for name, cache in self._caches()]
        none_serves = bool(statuses) and not any(status.serving for _, status in statuses)
        for name, status in statuses:
            if not status.serving or status.failure is not None:
                words = f"keys of {name}: {status.failure or 'not loaded yet'}"
                yield HealthFault("key-source", words, stops=none_serves)
        risk = self.authoriser.risk if self.authoriser else self._risk
        if risk.state == "broken":
            yield HealthFault("risk-unknown", f"the file of incidents: {risk.fault}", stops=risk.refuses_all)
        for name, why in self._poller.faults().items():
            yield HealthFault("signals-away", f"events of {name}: {why}", stops=False)
        if self._policy_fault:
            yield HealthFault(
                "policy-stale", f"an earlier policy is in use: {self._policy_fault}", stops=False
            )
        if self.step_up is not None and self.step_up.is_broken:
            yield HealthFault(
                "step-up-broken", "the store of passkeys cannot be read: nobody can step up", stops=False
            )
        if self._handler.failing or self._handler.lost:
            yield HealthFault("log-failing", f"{self._handler.lost} log lines were lost", stops=False)

    def measure(self) -> None:
        """Copy the present state into the metrics."""
        risk = self.authoriser.risk if self.authoriser else self._risk
        self.metrics.set_state(
            ready=not any(fault.stops for fault in self.faults()),
            stale_policy=bool(self._policy_fault),
            revocations=self.follower.revocations.view.count,
            lag=self.follower.lag,
            accounts=len(risk),
            lost=self._handler.lost,
        )
        for name, cache in self._caches():
            age = cache.status().age
            if age is not None:
                self.metrics.set_key_age(name, age)

    async def reload(self) -> bool:
        """Reload the policy. If it is invalid, log an error, keep the old one, and return False."""
        loop = asyncio.get_running_loop()
        try:
            loaded = await loop.run_in_executor(self._chores, self._load_anew)
            risk = self._risk
            if loaded.settings.risk != self.loaded_policy.settings.risk:
                risk = await loop.run_in_executor(self._chores, RiskList, loaded.settings.risk, self.clock)
            authoriser = self._make_authoriser(loaded, risk)
            await self._warm(authoriser)
            self._refuse_without_keys(authoriser)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new policy, the old one stays in force
            self._policy_fault = error.message if isinstance(error, SeawallError) else type(error).__name__
            _log.error("the policy was not taken: %s", ascii(self._policy_fault))
            self.metrics.count_reload(well=False)
            return False
        self.authoriser, self.loaded_policy, self._risk = authoriser, loaded, risk
        self._policy_fault, self.loaded_at = "", self.clock()
        _log.warning("the policy was read anew")
        self.metrics.count_reload(well=True)
        return True

    def _refuse_without_keys(self, authoriser: RequestAuthoriser) -> None:
        """Raise `GateInvalid` if keys of the new policy cannot be loaded while the old one's are cached; the reload is
        retried.
        """
        serving = {cache.issuer for _, cache in self._caches() if cache.status().serving}
        for name, cache in key_caches(authoriser):
            if cache.issuer in serving and not cache.status().serving:
                self._version = UNREAD
                raise GateInvalid(f"the keys of {name} cannot be loaded at present")

    def _load_anew(self) -> LoadedPolicy:
        loaded = load_gate_policy(self.config.policy)
        if loaded.store != self.loaded_policy.store:
            raise GateInvalid("the store of revocations is another: start the gate anew for that")
        if loaded.settings.step_up != self.loaded_policy.settings.step_up:
            raise GateInvalid("[gate.step_up] is another: start the gate anew for that")
        if loaded.settings.step_up.enabled and loaded.settings.origins != self.loaded_policy.settings.origins:
            raise GateInvalid(
                "the origins are others, and passkeys depend on them: start the gate anew for that"
            )
        return loaded

    async def chore(self, act: Callable[[], Any]) -> Any:
        """Run an administrator's blocking function in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._admin, act)

    async def take_signal(self, act: Callable[[], Any]) -> Any:
        """Run a blocking function for public requests in another thread, so that an administrator never waits behind them."""
        return await asyncio.get_running_loop().run_in_executor(self._signals, act)

    def _make_authoriser(self, loaded: LoadedPolicy, risk: RiskList) -> RequestAuthoriser:
        return make_request_authoriser(
            loaded.settings,
            loaded.document.policy(),
            revocations=self.follower.revocations,
            risk=risk,
            replay=self._replay,
            nonces=self._nonces,
            step_up=self.step_up,
        )

    def _caches(self) -> Iterator[tuple[str, KeyCache]]:
        if self.authoriser is not None:
            yield from key_caches(self.authoriser)

    async def _warm(self, authoriser: RequestAuthoriser) -> None:
        """Load keys before the first token needs them. If that fails, requests that need them are refused."""
        loop = asyncio.get_running_loop()
        loads = [loop.run_in_executor(self._threads, cache.warm) for _, cache in key_caches(authoriser)]
        await asyncio.gather(*loads)

    async def _tick(self) -> None:
        parent = os.getppid()
        while True:
            await asyncio.sleep(TICK)
            if os.getppid() != parent:
                # Nothing would restart this process, and it would keep the address from the next gate.
                _log.error("the gate's first process is gone: this worker ends")
                os.kill(os.getpid(), signal.SIGTERM)
                return
            try:
                await self._check_files()
            except Exception as error:  # noqa: BLE001 - the next tick tries again
                log_unexpected_error(_log, "chores", error)

    async def _check_files(self) -> None:
        authoriser = self.authoriser
        if authoriser is not None:
            await asyncio.get_running_loop().run_in_executor(self._chores, authoriser.risk.refresh)
            for _, cache in key_caches(authoriser):
                cache.at_hand(cache.issuer, "")  # starts a refresh that is due
        version = _version_of(self.config.policy)
        if version != self._version:
            # a file that may still be written is read once it is unchanged for one tick
            self._version = version
            await asyncio.sleep(TICK)
            if _version_of(self.config.policy) == version:
                await self.reload()
            else:
                self._version = UNREAD
        self.measure()

    def _reload_soon(self) -> None:
        self._version = UNREAD  # the next tick sees the file as changed, even if it is missing

    def _log_to_handler(self) -> None:
        logger = logging.getLogger("seawall")
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.addHandler(self._handler)
        # The gate logs the outcome of each request; the verifier's line about its token would be a second one.
        decision.LOGGER.setLevel(logging.CRITICAL)


def key_caches(authoriser: RequestAuthoriser) -> Iterator[tuple[str, KeyCache]]:
    """Yield (issuer's name, key cache) for the issuers of an authoriser."""
    for entry in authoriser.policy.issuers:
        source = entry.keys.source if isinstance(entry.keys, NonBlockingKeySource) else entry.keys
        if isinstance(source, KeyCache):
            yield entry.name, source


def _version_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
