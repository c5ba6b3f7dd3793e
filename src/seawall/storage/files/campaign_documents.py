"""Campaigns as JSON documents and back; a line of `campaigns.jsonl` is one document. Times are RFC 3339 in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from seawall.detection.campaigns.campaign import Campaign
from seawall_base import private_files
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.errors import InputUnreadable
from seawall_base.json_text import clamp_to_finite
from seawall_base.regular_files import open_file
from seawall_base.times import parse_rfc3339, rfc3339

CAMPAIGNS = "campaigns.jsonl"
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(type=dict[str, Any])
_FIX = "run `seawall scan PATH... --campaigns --out DIR` and name that DIR"


def campaign_document(campaign: Campaign) -> dict[str, Any]:
    """Return the campaign as values that JSON can hold."""
    return {
        "id": campaign.id,
        "tenants": list(campaign.tenants),
        "first_event": rfc3339(campaign.first),
        "last_event": rfc3339(campaign.last),
        "values": [
            {
                "field": one.field,
                "value": one.value,
                "organisations": one.organisations,
                "accounts": one.accounts,
                "other_accounts": one.other_accounts,
            }
            for one in campaign.values
        ],
        "accounts": [
            {
                "tenant": one.tenant,
                "account": one.account,
                "first_event": rfc3339(one.first),
                "last_event": rfc3339(one.last),
                "score": clamp_to_finite(one.score),
                "incident": one.incident,
            }
            for one in campaign.accounts
        ],
        "schema_version": SCHEMA_VERSION,
    }


def campaign_from_document(document: Mapping[str, Any]) -> Campaign:
    """Return the campaign of a document. Raises `ValueError`, `KeyError` or `TypeError` if the document is no campaign."""
    accounts = [
        {**one, "first": parse_rfc3339(one["first_event"]), "last": parse_rfc3339(one["last_event"])}
        for one in document["accounts"]
    ]
    campaign = msgspec.convert({**document, "accounts": accounts}, Campaign)
    if not campaign.accounts:
        raise ValueError("a campaign has accounts")
    return campaign


def write_campaigns(path: Path, campaigns: Iterable[Campaign]) -> None:
    """Write `campaigns.jsonl`, atomically and for its owner alone. Raises `OutputUnwritable`."""
    lines = b"".join(_ENCODER.encode(campaign_document(one)) + b"\n" for one in campaigns)
    part = path.with_name(path.name + ".part")
    private_files.write_text(part, lines.decode())
    part.replace(path)


def read_campaigns(path: Path) -> list[Campaign]:
    """Return the campaigns of a file. Raises `InputUnreadable`, with the number of the line that is no campaign."""
    try:
        source = open_file(path)
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror or error}", fix=_FIX) from error
    found = []
    with source:
        for number, line in enumerate(source, start=1):
            if line.strip():
                try:
                    found.append(campaign_from_document(_DECODER.decode(line)))
                except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                    raise InputUnreadable(
                        f"{path}, line {number}: not a campaign ({error!r})", fix=_FIX
                    ) from error
    return found
