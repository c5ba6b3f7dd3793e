"""Step-up without HTTP: WebAuthn ceremonies, one-time codes, and the elevations that result."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from seawall.gate.elevation import CODE_AMR, PASSKEY_AMR, Elevation
from seawall.gate.step_up.elevation_path import ElevationPath
from seawall.gate.step_up.records import StoredCeremony, StoredElevation, StoredPasskey
from seawall.gate.step_up.session import TokenSession, read_token_session
from seawall.web import one_time_codes as codes
from seawall.web import webauthn
from seawall.web.webauthn import RelyingParty, claimed_credential_id, verify_creation, verify_use
from seawall_base.errors import StoreBroken
from seawall_tokens.jose import base64url
from seawall_tokens.refusals import Refusal

if TYPE_CHECKING:
    from seawall.gate.settings import StepUpSettings
    from seawall.gate.step_up.store import StepUpStore

CEREMONY_SECONDS: Final = 120
OPEN_CEREMONIES: Final = 8
ATTEMPTS, ATTEMPTS_SECONDS = 5, 900
"""Wrong codes that an account may enter within 15 minutes.

Three of a million codes are valid at a time, so that continuous guessing takes about two years.
"""

NOWHERE = ElevationPath("", below=False)

_INVITATION = re.compile(r"[A-Za-z0-9_-]{22}")
_log = logging.getLogger("seawall.gate")


class StepUpRefused(Exception):
    """A step-up request is refused. `code` is stable; `status` is the HTTP status."""

    def __init__(self, code: str, status: int = 403) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def new_invitation() -> tuple[str, bytes]:
    """Return a code of 128 bits for the account's owner, and its digest for the store."""
    text = secrets.token_urlsafe(16)
    return text, _digest(text)


def _digest(invitation: str) -> bytes:
    return hashlib.sha256(invitation.encode("utf-8", "surrogatepass")).digest()


class StepUpService:
    """Step-up with one store. All methods except `elevations_of` may block on the disk: call them in a thread."""

    def __init__(self, settings: StepUpSettings, origins: tuple[str, ...], store: StepUpStore) -> None:
        self.settings = settings
        self.store = store
        self.party = webauthn.RelyingParty(settings.relying_party, settings.name, origins)

    def elevations_of(
        self, claims: Mapping[str, Any], path: str, now: float, *, within: str = ""
    ) -> list[Elevation]:
        """Return elevations as `seawall.gate.elevation.StepUp` specifies; none if the store is broken."""
        try:
            held = self.store.elevations(read_token_session(claims).session, now)
        except (StoreBroken, Refusal) as error:
            _log.error("step-up: no elevation can be looked up: %s", type(error).__name__)
            return []
        return [
            Elevation(given.acr, frozenset(given.amr), given.at, given.until)
            for given in held
            # Both paths lead to the request, so the longer one is the closer one.
            if path and given.place.holds(path) and len(given.place.path) >= len(within.casefold())
        ]

    def state(self, session: TokenSession) -> dict[str, Any]:
        """Return the ways in which the account can authenticate."""
        return {
            "passkeys": len(self.store.passkeys(session.account)),
            "code": self.settings.codes and self.store.code(session.account, confirmed=True) is not None,
        }

    def ask(self, session: TokenSession, place: ElevationPath, now: float) -> dict[str, Any]:
        """Return a challenge for the account's passkeys. Raises `StepUpRefused`."""
        known = self.store.passkeys(session.account)
        if not known:
            raise StepUpRefused("no-passkey", 409)
        name, ceremony = self._begin("use", session, place, now)
        options = webauthn.request_options(
            self.party,
            challenge=ceremony.challenge,
            timeout_seconds=CEREMONY_SECONDS,
            allowed=(passkey.id for passkey in known),
        )
        return {"ceremony": name, "options": options}

    def answer(
        self, session: TokenSession, ceremony: str, credential: Mapping[str, Any], now: float
    ) -> Elevation:
        """Verify a passkey's answer, and return the elevation. Raises `StepUpRefused`."""
        asked = self._take("use", session, ceremony, now)
        found = verify_passkey(self.party, credential, asked.challenge, self.store.passkeys(session.account))
        if found is None:
            raise self._record_refusal(session, "passkey-refused")
        passkey, counter = found
        if not self.store.count_use(session.account, passkey.id, counter, now):
            raise self._record_refusal(session, "passkey-copied")
        return self._elevate(session, asked.place, self.settings.passkey_acr, PASSKEY_AMR, now)

    def answer_code(self, session: TokenSession, code: str, place: ElevationPath, now: float) -> Elevation:
        """Verify a one-time code, and return the elevation. Raises `StepUpRefused`."""
        if not self.settings.codes:
            raise StepUpRefused("no-code", 409)
        step = self._step(session, code, now, confirmed=True)
        if not self.store.use_step(session.account, step):
            raise self._record_refusal(session, "code-used")
        self.store.forgive(session.account)
        return self._elevate(session, place, self.settings.code_acr, CODE_AMR, now)

    def ask_new(self, session: TokenSession, invitation: str, now: float) -> dict[str, Any]:
        """Return a challenge for the registration of a passkey. Raises `StepUpRefused` without a valid invitation."""
        self._check_invitation(session, invitation, now)
        name, ceremony = self._begin("make", session, NOWHERE, now)
        options = webauthn.creation_options(
            self.party,
            user_handle=self.store.handle(session.account),
            user_name=session.subject[:64],
            challenge=ceremony.challenge,
            timeout_seconds=CEREMONY_SECONDS,
            existing=(passkey.id for passkey in self.store.passkeys(session.account)),
            is_discoverable=False,
        )
        return {"ceremony": name, "options": options}

    def keep_new(
        self,
        session: TokenSession,
        invitation: str,
        ceremony: str,
        credential: Mapping[str, Any],
        name: str,
        now: float,
    ) -> None:
        """Store a new passkey, and use up the invitation. Raises `StepUpRefused`."""
        self._check_invitation(session, invitation, now)
        asked = self._take("make", session, ceremony, now)
        passkey = verify_new_passkey(self.party, credential, asked.challenge, name[:64])
        if passkey is None or not self.store.add_passkey(session.account, passkey, _digest(invitation), now):
            raise self._record_refusal(session, "passkey-refused")
        _log.warning("step-up: a passkey was registered for %s", session.account.hex()[:16])

    def new_code(self, session: TokenSession, invitation: str, now: float) -> dict[str, Any]:
        """Return a secret for an authenticator app, valid only after `keep_code`. Raises `StepUpRefused`."""
        self._check_invitation(session, invitation, now)
        if not self.settings.codes:
            raise StepUpRefused("no-code", 409)
        secret = codes.new_secret()
        self.store.begin_code(session.account, secret, now)
        uri = codes.otpauth_uri(secret, account=session.subject[:64], issuer=self.settings.name)
        return {"secret": secret.decode("ascii"), "uri": uri, "picture": codes.qr_code_svg(uri)}

    def keep_code(self, session: TokenSession, invitation: str, code: str, now: float) -> None:
        """Confirm a new secret by its first code, and use up the invitation. Raises `StepUpRefused`."""
        self._check_invitation(session, invitation, now)
        step = self._step(session, code, now, confirmed=False)
        if not self.store.confirm_code(session.account, step, _digest(invitation), now):
            raise self._record_refusal(session, "invitation-refused")
        self.store.forgive(session.account)
        _log.warning("step-up: a code secret was registered for %s", session.account.hex()[:16])

    def _step(self, session: TokenSession, code: str, now: float, *, confirmed: bool) -> int:
        kept = self.store.code(session.account, confirmed=confirmed)
        if kept is None:
            raise StepUpRefused("no-code", 409)
        if not self.store.attempt(session.account, most=ATTEMPTS, since=now - ATTEMPTS_SECONDS, now=now):
            raise self._record_refusal(session, "too-many-attempts", 429)
        step = codes.find_time_step(kept[0], code, now)
        if step is None:
            raise self._record_refusal(session, "code-refused")
        return step

    def _check_invitation(self, session: TokenSession, invitation: str, now: float) -> None:
        if not _INVITATION.fullmatch(invitation) or not self.store.is_invited(
            session.account, _digest(invitation), now
        ):
            raise self._record_refusal(session, "invitation-refused")

    def _begin(
        self, kind: str, session: TokenSession, place: ElevationPath, now: float
    ) -> tuple[str, StoredCeremony]:
        name = secrets.token_bytes(16)
        ceremony = StoredCeremony(
            kind, session.session, session.account, secrets.token_bytes(32), place, now + CEREMONY_SECONDS
        )
        if not self.store.begin(name, ceremony, now, OPEN_CEREMONIES):
            raise StepUpRefused("too-many-attempts", 429)
        return base64url.encode(name), ceremony

    def _take(self, kind: str, session: TokenSession, ceremony: str, now: float) -> StoredCeremony:
        try:
            name = base64url.decode(ceremony)
        except ValueError:
            name = b""
        found = self.store.take(name, kind, session.session, now)
        if found is None:
            raise self._record_refusal(session, "ceremony-unknown")
        return found

    def _elevate(
        self, session: TokenSession, place: ElevationPath, acr: str, amr: Sequence[str], now: float
    ) -> Elevation:
        until = now + self.settings.seconds
        self.store.elevate(
            StoredElevation(session.session, session.account, place, acr, tuple(amr), now, until)
        )
        _log.warning("step-up: %s proved itself (%s)", session.account.hex()[:16], ascii(acr))
        return Elevation(acr, frozenset(amr), now, until)

    def _record_refusal(self, session: TokenSession, code: str, status: int = 403) -> StepUpRefused:
        _log.warning("step-up: %s was refused (%s)", session.account.hex()[:16], code)
        return StepUpRefused(code, status)


def verify_new_passkey(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, name: str
) -> StoredPasskey | None:
    """Return the new passkey, None if the answer does not match the challenge."""
    created = verify_creation(party, credential, challenge)
    if created is None:
        return None
    return StoredPasskey(created.credential_id, created.public_key, created.sign_count, name)


def verify_passkey(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, known: Sequence[StoredPasskey]
) -> tuple[StoredPasskey, int] | None:
    """Return the passkey that answered and its new counter, None if the answer does not match the challenge.

    The counter is not compared here but in the transaction that writes it, so that two workers cannot both accept an
    answer.
    """
    credential_id = claimed_credential_id(credential)
    passkey = next((one for one in known if one.id == credential_id), None)
    if passkey is None:
        return None
    counter = verify_use(party, credential, challenge, public_key=passkey.public_key, sign_count=0)
    return None if counter is None else (passkey, counter)
