"""Define the numbered checks and their order as data, used both to verify and to explain.

| # | check |
|---|---|
| 1 | three segments of strict base64url and JSON |
| 2 | the algorithm: named, allowed, the key's own; the signature |
| 3 | the header has no critical extension, key or key URL |
| 4 | the issuer is known, and the key is this issuer's |
| 5 | the key is in use |
| 6 | the key is fit |
| 7 | the kind of token |
| 8 | issuer and tenant |
| 9 | audience and required claims |
| 10 | times |
| 11 | revocations |
| 12 | the sender's proof of possession (DPoP, mTLS) |
| 13 | renewal: `seawall_tokens.verify.renewal`, before a new token is made, not here |
| 14 | strength and time of the user's sign-in |
| 15 | the decision log: `seawall_tokens.verify.decision`, after the checks |

A check may have several steps: cheap steps, and steps that protect later ones, come first. Steps before the signature
check work on unverified values; they may refuse a token but never trust it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from seawall_tokens.policy.issuer_policy import Policy
from seawall_tokens.policy.prepared_policy import CLIENTS
from seawall_tokens.refusals import Internal, Refusal, written_form
from seawall_tokens.verify import claim_checks, compact, decision, key_checks
from seawall_tokens.verify.replay import ReplayGuard
from seawall_tokens.verify.request_binding import RequestBinding
from seawall_tokens.verify.sender import check_sender
from seawall_tokens.verify.state import ExaminationState

_HEADERS = compact.HeaderReader()
_LATEST_NOW = 1e12


def read_form(state: ExaminationState) -> None:
    """Check 1: three segments of strict base64url."""
    state.compact = compact.split(state.token)


def read_header(state: ExaminationState) -> None:
    """Checks 1, 2 and 3 of the header, cached for headers that passed."""
    state.header = header = _HEADERS.read(state.compact.header_text)
    if header.algorithm[:2].upper() == "HS":
        raise written_form.AlgSymmetric
    if "cty" in header.members:
        compact.check_content_type(header.members)


def read_claims(state: ExaminationState) -> None:
    """Check 1: the payload is a JSON object of claims."""
    if not state.compact.payload:
        raise written_form.DetachedPayload
    said = compact.read_json(state.compact.payload, written_form.PayloadNotJson)
    if type(said) is not dict:
        raise written_form.ClaimsNotObject
    state.claims = said


def check_revocations(state: ExaminationState) -> None:
    """Check 11: key, issuer, subject, session, token and client are not revoked."""
    said = state.claims
    _refuse_revoked(state, said.get("jti", said.get("uti")))
    if "jti" in said and "uti" in said:
        # `uti` is Entra's second id of a token: either may be revoked.
        _refuse_revoked(state, said["uti"])


def _refuse_revoked(state: ExaminationState, token_id: Any) -> None:
    said, key = state.claims, state.held.key
    state.policy.revocations.refuse(
        issuer=state.issuer,
        kid=key.kid,
        thumbprint=key.thumbprint,
        subject=said.get("sub"),
        session=said.get("sid"),
        token_id=token_id,
        issued_at=claim_checks.time_claim(said, "iat"),
        client=client_of(said),
        object_id=said.get("oid"),
    )


def client_of(said: Mapping[str, Any]) -> Any:
    """Return the client that the token was issued to."""
    if "client_id" in said:
        return said["client_id"]
    return next((said[name] for name in CLIENTS if name in said), None)


def check_binding(state: ExaminationState) -> None:
    """Check 12: the presenter is the token's rightful sender."""
    check_sender(state.token, state.claims, state.entry, state.request, state.replay, state.now)


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """One step: its check's number, its purpose, the source of the rule, and the function."""

    number: int
    words: str
    source: str
    run: Callable[[ExaminationState], None]


CHECKS: tuple[TokenCheck, ...] = (
    TokenCheck(1, "three segments of strict base64url", "RFC 7515, RFC 8725", read_form),
    TokenCheck(3, "the header is strict JSON, names a signing algorithm, carries no key and no crit",
          "RFC 7515, RFC 8725 3.10", read_header),
    TokenCheck(1, "the claims are strict JSON", "RFC 7519, RFC 8725 2.6", read_claims),
    TokenCheck(4, "the policy names the issuer", "RFC 8725 3.8", key_checks.find_issuer),
    TokenCheck(2, "the policy allows the algorithm", "RFC 8725 3.1", key_checks.check_algorithm_allowed),
    TokenCheck(4, "the issuer's key set has the key that the header names (kid)", "RFC 8725 3.8", key_checks.find_key),
    TokenCheck(4, "the key signs for this issuer", "Entra, signing key issuer", key_checks.check_key_issuer),
    TokenCheck(5, "the key is in use: not retired, revoked, expired, too old or in quarantine", "CSRB, Storm-0558",
          key_checks.check_key_state),
    TokenCheck(6, "the key is strong enough and meant for signatures", "RFC 7518", key_checks.check_key_fitness),
    TokenCheck(2, "the key is bound to this algorithm", "RFC 8725 3.1", key_checks.check_bound_algorithm),
    TokenCheck(11, "key, issuer, subject, session, client and token are not revoked", "CAEP, RISC", check_revocations),
    TokenCheck(2, "the signature verifies under the key", "RFC 7515 5.2", key_checks.check_signature),
    TokenCheck(7, "the token is of the expected kind", "RFC 8725 3.11, RFC 9068", claim_checks.check_type),
    TokenCheck(8, "issuer and tenant belong together and are allowed", "Entra, claims validation",
          claim_checks.check_issuer_and_tenant),
    TokenCheck(9, "the token is for this service, and the required claims are there", "RFC 9068", claim_checks.check_claims),
    TokenCheck(10, "the token is valid now, and not for longer than the policy allows", "RFC 9068", claim_checks.check_times),
    TokenCheck(14, "the sign-in was strong and recent enough", "RFC 9470", claim_checks.check_authentication),
    TokenCheck(12, "the sender proves that the token was issued to it", "RFC 9449, RFC 8705", check_binding),
)  # fmt: skip
"""Every step of verifying an access token, in order."""

Outcome = Literal["passed", "refused", "not reached"]


@dataclass(frozen=True, slots=True)
class CheckStep:
    """The result of one step; `refusal` if it refused."""

    check: TokenCheck
    outcome: Outcome
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """The results of every step on one token. `header` and `claims` are unverified values, as far as readable."""

    steps: tuple[CheckStep, ...]
    refusal: Refusal | None
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    state: ExaminationState


def begin(
    token: str | bytes,
    policy: Policy,
    now: float,
    request: RequestBinding | None = None,
    replay: ReplayGuard | None = None,
) -> ExaminationState:
    """Return the state before the first check.

    Refuses a `now` that is not finite: every comparison with NaN would pass.
    """
    if type(now) not in {int, float} or not 0 < now < _LATEST_NOW:
        raise Internal("now is no time")
    return ExaminationState(token, policy, now, request, replay)


def examine(
    token: str | bytes,
    policy: Policy,
    now: float,
    *,
    request: RequestBinding | None = None,
    replay: ReplayGuard | None = None,
) -> Examination:
    """Run the checks and return the result of each.

    Never raises. It does not log, and is no substitute for verification.
    """
    state = ExaminationState(token, policy, now, request, replay)
    steps: list[CheckStep] = []
    refusal = _refusal_of(lambda _: begin(token, policy, now), state)
    for check in CHECKS:
        if refusal is not None:
            steps.append(CheckStep(check, "not reached"))
            continue
        refusal = _refusal_of(check.run, state)
        steps.append(CheckStep(check, "passed" if refusal is None else "refused", refusal))
    header, said = decision.read_unverified(token)
    return Examination(tuple(steps), refusal, header, said, state)


def _refusal_of(run: Callable[[ExaminationState], object], state: ExaminationState) -> Refusal | None:
    try:
        run(state)
    except Refusal as refusal:
        return refusal
    except Exception:  # noqa: BLE001 - what could not be examined is refused
        return Internal()
    return None
