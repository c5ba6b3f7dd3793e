"""Audit the key set of an incident at dates of the key's life, as `seawall keys audit` does: when did it first speak?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from seawall.keys.inventory.audit import AuditSettings, audit
from seawall.keys.inventory.codes import SEVERITIES, InventoryFinding
from seawall.lab.replay.incident_file import IncidentKey, ReplayIncident
from seawall.lab.replay.tokens import at_noon
from seawall_base.http_url import FetchError
from seawall_tokens.conformance.keys import certificate
from seawall_tokens.conformance.token_factory import (
    CONSUMER_TENANT,
    TokenFactory,
    certificate_members,
    tenant_issuer,
)

INTERVAL = timedelta(days=30)
"""Time between two audits."""

_LOUD = SEVERITIES.index("high")


@dataclass(frozen=True, slots=True)
class CustodyFinding:
    """A finding about the incident's key, on the day of the first audit that made it. `is_raised`: it is high or critical."""

    day: date
    code: str
    says: str
    is_raised: bool
    rank: int


def audit_key(incident: ReplayIncident, folder: Path) -> list[CustodyFinding]:
    """Return the findings about the incident's key in the order of their days; none without a key."""
    key = incident.key
    if key is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    store, found = folder / "inventory.db", dict[str, CustodyFinding]()
    day = key.issued
    while day < incident.began:
        for rank, finding in enumerate(_audit(key, day, folder, store), 1):
            if finding.kid == "consumer-2016" and finding.kind.code not in found:
                found[finding.kind.code] = CustodyFinding(
                    day,
                    finding.kind.code,
                    f"{finding.kind.what}{f': {finding.detail}' if finding.detail else ''}",
                    SEVERITIES.index(finding.kind.severity) >= _LOUD,
                    rank,
                )
        day += INTERVAL
    return sorted(found.values(), key=lambda one: (one.day, one.code))


def _audit(key: IncidentKey, day: date, folder: Path, store: Path) -> tuple[InventoryFinding, ...]:
    """Audit the set as it is on a day: personal accounts alone, later together with organisations."""
    now = at_noon(day)
    factory = TokenFactory(now)
    dates = certificate(factory.consumer_key(), at_noon(key.issued), at_noon(key.certificate_ends))
    own = {**certificate_members(dates), "issuer": tenant_issuer(CONSUMER_TENANT)}
    keys = [factory.consumer_key().make_jwk(**own)]
    if day >= key.shared_since:
        keys.append(factory.enterprise_key().make_jwk(issuer=tenant_issuer("{tenantid}")))
    source = folder / "keys.json"
    source.write_text(json.dumps({"keys": keys}), encoding="utf-8")
    settings = AuditSettings(sources=(str(source),), store=store, issuer=None)
    return audit(settings, _refuse, lambda: now).findings


def _refuse(url: str) -> bytes:
    raise FetchError(f"{url}: a replay reads no network")
