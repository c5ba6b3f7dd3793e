"""A policy file with the gate's tables, parsed and checked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.gate.errors import GateInvalid
from seawall.gate.settings_file import FIX, read_gate
from seawall.gate.transmitters import read_transmitters
from seawall_tokens.policy.file import PolicyDocument, read_document
from seawall_tokens.signals.event_token import Transmitters

if TYPE_CHECKING:
    from seawall.gate.polling_settings import PollingSettings
    from seawall.gate.settings import GateSettings
    from seawall_base.settings_reader import SettingsErrors


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """The parts of a policy file that a worker of the gate uses. `store` is the path of the revocation store."""

    document: PolicyDocument
    settings: GateSettings
    store: Path
    transmitters: Transmitters
    polled: tuple[PollingSettings, ...]
    step_up: Path
    """Path of the store of passkeys and elevations."""


def load_gate_policy(path: Path) -> LoadedPolicy:
    """Read the policy file with the gate's settings.

    Raises `PolicyInvalid` if the policy itself has a fault, else `GateInvalid`; both name every fault of the file.
    """
    document, faults = read_document(path)
    policy_is_sound = not faults.found
    names = frozenset(entry.name for entry in document.issuers) if policy_is_sound else None
    settings = read_gate(document.tables.get("gate", {}), path.parent, faults, names)
    if policy_is_sound and not document.tables.get("gate", {}).get("origins"):
        _need_no_origins(document, faults)
    listened = read_transmitters(document, faults, time.time)
    if not policy_is_sound:
        faults.refuse()
    faults.refuse(GateInvalid, FIX)
    return LoadedPolicy(
        document=document,
        settings=settings,
        store=document.revocation_store or path.parent / "revocations.db",
        transmitters=Transmitters(one.transmitter for one in listened),
        polled=tuple(one.polling for one in listened if one.polling is not None),
        step_up=settings.step_up.store or path.parent / "step-up.db",
    )


def _need_no_origins(document: PolicyDocument, faults: SettingsErrors) -> None:
    """Add a fault for each issuer that needs DPoP: without `origins`, any `Host` that a client sends would fit a proof."""
    for nth, entry in enumerate(document.issuers):
        if entry.sender in {"dpop", "required"}:
            faults.add(
                ("issuer", nth, "sender"),
                "proofs name the application's origin, and the gate knows none",
                'list them in [gate]: origins = ["https://app.example"]',
            )


def replay_path(loaded: LoadedPolicy) -> Path:
    """Return the file in which workers record DPoP proofs, beside the revocation store."""
    return loaded.store.with_name("replay.db")


def log_target(loaded: LoadedPolicy) -> str:
    """Return the target of the decision log: `stderr`, or the path of a file, relative to the policy file."""
    log = loaded.settings.log
    return log if log == "stderr" else str(loaded.document.path.parent / log)
