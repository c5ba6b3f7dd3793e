"""Policies on SPF, DKIM and DMARC (MS.EXO.2 to MS.EXO.4)."""

from __future__ import annotations

from typing import Any

from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, name_of, verdict
from seawall.posture.values import MOST_TEXT, read_flag, read_items, read_text

_NEEDS = (("dns_text", "scuba_dns"),)
_RECORD = "the records of these domains are not in the export: there are none, or nobody asked for them"


def _records(configuration: Configuration) -> dict[str, list[str]]:
    """Return the TXT records of each domain, those of `_dmarc` under the domain itself."""
    found: dict[str, list[str]] = {}
    for one in configuration.all("dns_text"):
        parts = [item[:MOST_TEXT] for item in read_items(one.get("strings")) or () if isinstance(item, str)]
        found.setdefault(_name(one, "name"), []).append("".join(parts).strip())
    for one in configuration.all("scuba_dns"):
        found.setdefault(_name(one, "domain"), []).extend(
            read_text(item) for item in read_items(one.get("rdata")) or ()
        )
    found.pop("", None)
    return found


def _name(one: dict[str, Any], field: str) -> str:
    return read_text(one.get(field)).lower().rstrip(".").removeprefix("_dmarc.")


def _domains(configuration: Configuration, records: dict[str, list[str]]) -> list[str]:
    """Return the organisation's verified domains; without their export, the domains that the records name."""
    own = [
        read_text(one.get("id")).lower()
        for one in configuration.all("domains")
        if read_flag(one.get("isverified")) is not False
    ]
    return sorted({name for name in own if name} or records.keys())


def _judge(
    configuration: Configuration, kind: str, good: tuple[str, ...], bad: str, fine: str
) -> PolicyVerdict:
    """Return whether a record of the kind with one of these parts exists for every domain or its parent."""
    records = _records(configuration)
    wrong, absent = [], []
    for domain in _domains(configuration, records):
        names = [domain] if kind == "v=spf1" else _with_parents(domain)
        by_name = (
            [text for text in records.get(name, ()) if text.lower().startswith(kind)] for name in names
        )
        found = next((texts for texts in by_name if texts), [])
        if len(found) > 1:
            wrong.append(f"{domain}: {len(found)} records, so none counts")
        elif found:
            parts = [part.strip().lower() for part in found[0].replace(";", " ").split()]
            if good and not any(part.startswith(good) for part in parts):
                wrong.append(f"{domain}: {found[0][:100]}")
        elif kind == "v=spf1" and records.get(domain):
            wrong.append(f"{domain}: no record")
        else:
            absent.append(domain)
    if absent and not wrong:
        return verdict("cannot say", _RECORD, absent)
    return configuration.judge_offenders("domains", wrong, bad, fine)


def _with_parents(domain: str) -> list[str]:
    """Return a domain and its parents down to two labels; the nearest comes first."""
    parts = domain.split(".")
    return [".".join(parts[place:]) for place in range(max(len(parts) - 1, 1))]


def _check_spf(configuration: Configuration) -> PolicyVerdict:
    good = ("-all", "~all", "redirect=")
    return _judge(
        configuration,
        "v=spf1",
        good,
        "domains do not say who may send for them",
        "every domain says who may send for it",
    )


def _check_dmarc(configuration: Configuration) -> PolicyVerdict:
    return _judge(
        configuration, "v=dmarc1", (), "DMARC records do not count", "every domain has a DMARC record"
    )


def _check_reject(configuration: Configuration) -> PolicyVerdict:
    return _judge(
        configuration,
        "v=dmarc1",
        ("p=reject",),
        "domains let forged mail through",
        "every domain has forged mail rejected",
    )


def _check_dkim(configuration: Configuration) -> PolicyVerdict:
    signed = {
        name_of(one, "domain").lower(): read_flag(one.get("enabled")) for one in configuration.all("dkim")
    }
    own = _domains(configuration, {domain: [] for domain in signed})
    return configuration.judge_offenders(
        "dkim",
        [domain for domain in own if not signed.get(domain, False)],
        "domains do not sign their mail",
        "every domain signs its mail",
    )


MAIL_AUTHENTICATION = (
    BaselinePolicy(
        "MS.EXO.2.2v3",
        "SPF names the senders of every domain",
        "Every domain publishes one SPF record that fails all other senders.",
        "shall",
        _NEEDS,
        _check_spf,
        "Forged mail in the organisation's name is recognised. No catalogued incident forged a sender's domain.",
        "Publish one TXT record v=spf1 include:spf.protection.outlook.com -all for the domain.",
        (),
        ("MS.EXO.2.2v2", "MS.EXO.2.2v1"),
    ),
    BaselinePolicy(
        "MS.EXO.3.1v1",
        "DKIM signs the mail of every domain",
        "Exchange Online signs outgoing mail of every domain.",
        "should",
        ("dkim",),
        _check_dkim,
        "A changed or forged message fails its signature. No catalogued incident forged a sender's domain.",
        "Run New-DkimSigningConfig -DomainName DOMAIN -Enabled $true, and publish both selectors.",
    ),
    BaselinePolicy(
        "MS.EXO.4.1v1",
        "Every domain has a DMARC record",
        "Every domain, or its parent, publishes a DMARC record.",
        "shall",
        _NEEDS,
        _check_dmarc,
        "Receivers know what to do with forged mail. No catalogued incident forged a sender's domain.",
        "Publish a TXT record v=DMARC1; p=reject for _dmarc.DOMAIN.",
    ),
    BaselinePolicy(
        "MS.EXO.4.2v1",
        "DMARC rejects forged mail",
        "The DMARC record of every domain says p=reject.",
        "shall",
        _NEEDS,
        _check_reject,
        "Forged mail is refused, not delivered. No catalogued incident forged a sender's domain.",
        "Change the DMARC record to p=reject, after the reports show that your own senders pass.",
    ),
)
"""Policies on SPF, DKIM and DMARC."""
