"""Give the access token of each stage to Seawall's own verifier, at the time of the stage: refused by which check, or accepted?

The keys are the lab's, made for the run. The policy is what the reference recommends for an API of one organisation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from seawall.lab.replay.incident_file import IncidentStage, ReplayIncident
from seawall_tokens.conformance.encoding import b64, plain_json
from seawall_tokens.conformance.keys import Key, certificate
from seawall_tokens.conformance.token_factory import (
    AUDIENCE,
    CONSUMER_TENANT,
    OTHER_TENANT,
    TENANT,
    TokenFactory,
    certificate_members,
    tenant_issuer,
)
from seawall_tokens.policy.file import load_document
from seawall_tokens.policy.issuer_policy import NothingRevoked
from seawall_tokens.refusals import Refusal
from seawall_tokens.verify.access_token import verify_access_token
from seawall_tokens.verify.renewal import Binding, RenewalRequest, check_renewal

_POLICY = f"""[[issuer]]
issuer = "{tenant_issuer(TENANT)}"
audiences = ["{AUDIENCE}"]
jwks_file = "keys.json"
tenants = ["{TENANT}"]
token_types = ["jwt"]
required_claims = ["iss", "sub", "aud", "exp", "iat", "azp|appid", "uti", "tid"]
key_issuer = "required"
max_key_age = "400d"
"""
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class TokenVerdict:
    """What the verifier said about a stage's token: the code of the refusal, "" if it accepted it."""

    stage: str
    kind: str
    code: str
    says: str


def at_noon(day: date) -> float:
    """Return noon of a day in UTC, in seconds since 1970."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()


def verify_tokens(incident: ReplayIncident, folder: Path) -> list[TokenVerdict]:
    """Return the verdict on the token of each stage that has one. Policy and key set are written into `folder`."""
    return [_verify(incident, stage, folder) for stage in incident.stages if stage.token]


def _verify(incident: ReplayIncident, stage: IncidentStage, folder: Path) -> TokenVerdict:
    now = at_noon(incident.find_date(stage.day))
    factory = TokenFactory(now)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "keys.json").write_bytes(make_key_set(factory, incident))
    (folder / "policy.toml").write_text(_POLICY, encoding="utf-8")
    policy = load_document(folder / "policy.toml", clock=lambda: now).policy()
    token = TOKEN_KINDS[stage.token](factory)
    try:
        if stage.token in RENEWALS:
            check_renewal(_ask_for_renewal(token), policy.issuers[0], NothingRevoked(), now)
        else:
            verify_access_token(token, policy, now)
    except Refusal as refusal:
        return TokenVerdict(stage.id, stage.token, refusal.code, str(refusal))
    return TokenVerdict(stage.id, stage.token, "", "the token is genuine, and whoever has it may use it")


def make_key_set(factory: TokenFactory, incident: ReplayIncident) -> bytes:
    """Return the issuer's key set: a fresh key for organisations, and the incident's key of personal accounts, if it has one."""
    year = 365 * 24 * _HOUR
    fresh = factory.enterprise_key()
    keys = [_date(fresh, factory.now - year / 4, factory.now + year, tenant_issuer("{tenantid}"))]
    if incident.key is not None:
        begins, ends = at_noon(incident.key.issued), at_noon(incident.key.certificate_ends)
        consumer = tenant_issuer(CONSUMER_TENANT)
        keys.append(_date(factory.consumer_key(), begins, ends, consumer))
    return json.dumps({"keys": keys}).encode()


def _date(key: Key, begins: float, ends: float, issuer: str) -> dict[str, Any]:
    return key.make_jwk(issuer=issuer, **certificate_members(certificate(key, begins, ends)))


def _sign_with_consumer_key(factory: TokenFactory) -> str:
    return factory.cloud_token(factory.consumer_key())


def _issue(factory: TokenFactory) -> str:
    return factory.cloud_token()


def _impersonate(factory: TokenFactory) -> str:
    """Return an unsigned token of a server that acts for a user, issued for another tenant (as in CVE-2025-55241)."""
    claims: Mapping[str, Any] = factory.cloud_claims(
        iss=tenant_issuer(OTHER_TENANT), tid=OTHER_TENANT, actortoken="…", nameid="somebody"
    )
    return f"{b64(plain_json({'alg': 'none', 'typ': 'JWT'}))}.{b64(plain_json(dict(claims)))}."


RENEWALS = ("renewal",)
"""Kinds of tokens that are presented as the credential for a new token."""

TOKEN_KINDS: Mapping[str, Callable[[TokenFactory], str]] = {
    "consumer-key": _sign_with_consumer_key,
    "renewal": _sign_with_consumer_key,
    "genuine": _issue,
    "actor-token": _impersonate,
}
"""The token of a stage by the name that an incident's file gives it."""


def _ask_for_renewal(token: str) -> RenewalRequest:
    """Return a request that presents an access token as the credential for a new one; no server has a grant for it."""
    return RenewalRequest(
        presented=token,
        grant=None,
        session=None,
        issuer=tenant_issuer(TENANT),
        tenant=TENANT,
        client="6e74172b-be56-4843-9ff4-e66a39bb12e3",
        binding=Binding(),
        subject="somebody",
        scopes=frozenset(),
        audiences=frozenset({AUDIENCE}),
        auth_time=0.0,
    )
