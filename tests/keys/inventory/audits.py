"""Small helpers: sets as files, an audit of them at a stated time, and the findings as codes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seawall.keys.inventory.audit import AuditResult, AuditSettings, audit
from seawall.keys.inventory.codes import InventoryFinding
from seawall_base.http_url import FetchError

NOW = 1_790_000_000
DAY = 86_400


def no_network(url: str) -> bytes:
    raise FetchError("connect-failed", "no network in this test")


class Served:
    """Documents by URL."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self.documents = documents
        self.asked: list[str] = []

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.documents:
            raise FetchError("status", "404")
        return json.dumps(self.documents[url]).encode()


def write(path: Path, *keys: Any, **members: Any) -> str:
    path.write_text(json.dumps({"keys": list(keys), **members}))
    return str(path)


def run(*sources: str, fetch: Any = no_network, now: float = NOW, **settings: Any) -> AuditResult:
    return audit(AuditSettings(sources=sources, **settings), fetch, lambda: now)


def codes(
    findings: Iterable[InventoryFinding], *, but: Iterable[str] = ("no-alg", "no-use", "no-kid")
) -> list[str]:
    """Codes of findings, without those that every bare test key has."""
    return [finding.kind.code for finding in findings if finding.kind.code not in set(but)]
