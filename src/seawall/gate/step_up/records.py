"""Values that the step-up store reads and writes."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.gate.step_up.elevation_path import ElevationPath


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """A registered passkey: its id, public key (COSE), and the number of uses that it reports."""

    id: bytes
    public_key: bytes
    counter: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class StoredCeremony:
    """A WebAuthn challenge sent to a browser. Only its session can answer, once and within a short time."""

    kind: str
    session: bytes
    account: bytes
    challenge: bytes
    place: ElevationPath
    until: float


@dataclass(frozen=True, slots=True)
class StoredElevation:
    """An elevation as it is stored."""

    session: bytes
    account: bytes
    place: ElevationPath
    acr: str
    amr: tuple[str, ...]
    at: float
    until: float


@dataclass(frozen=True, slots=True)
class EnrolledAccount:
    """The registrations of an account, for an administrator's list. Times are seconds since 1970."""

    issuer: str
    subject: str
    passkeys: tuple[tuple[str, float, float | None], ...]
    code: bool
    invited_until: float | None
