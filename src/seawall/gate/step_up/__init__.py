"""Authenticate again with a passkey or a one-time code, for one session and path and a few minutes (step-up)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seawall.gate.authorisation import RequestAuthoriser
    from seawall.gate.decision_log import DecisionLog
    from seawall.gate.elevation import StepUp
    from seawall.gate.settings import GateSettings


def make_step_up(
    settings: GateSettings,
    store: Path,
    authoriser: Callable[[], RequestAuthoriser | None],
    decision_log: DecisionLog,
    clock: Callable[[], float],
) -> StepUp:
    """Return the step-up part to mount at `/step-up`. Raises `StoreBroken`."""
    from seawall.gate.step_up.endpoints import StepUpEndpoints
    from seawall.gate.step_up.service import StepUpService
    from seawall.gate.step_up.store import StepUpStore

    service = StepUpService(settings.step_up, settings.origins, StepUpStore(store))
    return StepUpEndpoints(service, authoriser, decision_log, clock)
