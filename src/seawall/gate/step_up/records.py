"""The values that the store of step-up keeps and gives back."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.gate.step_up.elevation_path import ElevationPath


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """A registered passkey: its id, public key (COSE) and how often it says that it was used."""

    id: bytes
    public_key: bytes
    counter: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class StoredCeremony:
    """A question that was put to a browser. Used once, within a short time, by the session that asked for it."""

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
    """What an account has, for an administrator's list. Times are seconds since 1970."""

    issuer: str
    subject: str
    passkeys: tuple[tuple[str, float, float | None], ...]
    code: bool
    invited_until: float | None
