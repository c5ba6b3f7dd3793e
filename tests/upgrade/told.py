"""Incidents as `rescored.json` has them: what a person is told of each, and a digest of all of its document.

The severity is no longer that of version 0.1: it follows from more than the score. All else is proved unchanged.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seawall.events.applications import label_application

REWORDED = {
    "Ask the owner, by another way than mail": "Ask the holder, by another way than mail",
    "sign-in methods that the owner does not know": "sign-in methods that the holder does not know",
    "the intruder's or its owner's": "the intruder's or its holder's",
    "the intruder's or the owner's": "the intruder's or the holder's",
    "the owner's or somebody else's": "the holder's or somebody else's",
    "records are usual and others of its owner came": "records are usual and others of its holder came",
    "owners have a": "holders have a",
    "not seen on its only earlier active day": "seen on 0 of 1 active day",
    "seen on its only earlier active day": "seen on 1 of 1 active day",
    "its only peer does not use it": "0 of 1 peer uses it",
    "its only peer uses it": "1 of 1 peer uses it",
    "the only session or token in 14 days without": "1 of 1 session or tokens in 14 days without",
    "the only session or token in 14 days with a": "0 of 1 session or tokens in 14 days without a",
    "no session or token of the account began in the 14 days before": (
        "0 of 0 sessions or tokens in 14 days without a sign-in; 0.0 expected"
    ),
}
"""Sentences that say the same in other words since: nothing else may differ."""


_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def as_before(text: str) -> str:
    """Return a text with the sentences of before, and without the names that well-known applications have now."""
    for now, before in REWORDED.items():
        text = text.replace(now, before)
    for uid in set(_GUID.findall(text)):
        text = text.replace(label_application(uid), uid)
    return text


def in_words_of_now(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan with an account's holder called its owner, and without the ends of ids that are hashes of its texts.

    Its steps are in the order of their ids: what a person looks through came first, and comes after the block now.
    """
    text = re.sub(r"\b(a|A) holder\b", r"\1n holder", json.dumps({**document, "id": ""}))
    text = re.sub(r"(?<=[a-z])-[0-9a-f]{6}(?=\")", "", text)
    changed: dict[str, Any] = json.loads(re.sub(r"\bholder(s?)\b", r"owner\1", text))
    steps = sorted(changed["actions"], key=lambda step: json.dumps({**step, "number": 0}))
    return {**changed, "actions": [{**step, "number": 0} for step in steps]}


_SEVERITY_BY_SCORE = ((0.0, "critical"), (-2.0, "high"), (-4.0, "medium"))
_SINCE = ("impact", "likelihood", "severity_because", "confidence_because", "sources")


def as_made_before(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the severity that the score alone gave, and the title that kind and account gave.

    It is without the details that say why the severity is another now, and without the story, which is later.
    """
    severity = next((name for least, name in _SEVERITY_BY_SCORE if document["score"] >= least), "low")
    details = {name: value for name, value in document["details"].items() if name not in _SINCE}
    title = f"{document['kind'].replace('-', ' ').capitalize()}: {document['account']}"
    plain = {**document, "severity": severity, "title": title, "details": details}
    return {name: value for name, value in plain.items() if name != "story"}


def told(documents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return documents of incidents by id, as the making of the fixtures did.

    They are without `chance`, which is later than the fixtures and follows from the score.
    """
    names = ("account", "kind", "severity", "score", "raised")
    return {
        one["id"]: {
            **{name: one[name] for name in names},
            "sha256": hashlib.sha256(
                as_before(json.dumps(_without_chance(one), sort_keys=True)).encode()
            ).hexdigest(),
        }
        for one in map(as_made_before, documents)
    }


def _without_chance(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "chance"}


def told_of(path: Path) -> dict[str, Any]:
    """Return those of an `incidents.jsonl`."""
    return told(map(json.loads, path.read_text("utf-8").splitlines()))
