"""Sigma rules on Microsoft Graph activity, with the field names of its table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.detection.rules.sigma.documents import RuleDocument
from seawall.detection.rules.sigma.load import compile_rules
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from tests.events.test_graph_activity import as_diagnostic, request

OWN = "5b1d0000-0000-4000-8000-000000000047"
REQUESTS: list[dict[str, Any]] = [
    request(1),
    request(2, RequestMethod="POST", RequestUri="https://graph.microsoft.com/v1.0/me/sendMail", ResponseStatusCode=202),
    request(3, RequestUri="https://graph.microsoft.com/v1.0/users", ResponseStatusCode=403, UserAgent="AADInternals"),
    request(
        4, UserId="", ServicePrincipalId="6a7b0000-0000-4000-8000-0000000000ab", ClientAuthMethod=1, Scopes="",
        Roles="Mail.Read",
    ),
]  # fmt: skip
CASES = [
    ({"RequestUri|contains": "/messages"}, [1, 4]),
    ({"RequestMethod": "POST"}, [2]),
    ({"ResponseStatusCode": 403}, [3]),
    ({"ResponseStatusCode": 202}, [1, 2, 4]),  # an answered request keeps no number
    ({"UserAgent|contains": "aadinternals"}, [3]),
    ({"UserId": OWN}, [1, 2, 3]),
    ({"ServicePrincipalId": "6a7b0000-0000-4000-8000-0000000000ab"}, [4]),
    ({"AppId": "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "IPAddress|cidr": "198.51.100.0/24"}, [1, 2, 3, 4]),
    ({"Scopes|contains": "Mail.Read"}, [1, 2, 3]),
    ({"Roles|contains": "Mail.Read"}, [4]),
    ({"ClientAuthMethod": 1}, [4]),
    ({"SignInActivityId": "kmXUqF7yHkGLrIuT9uhcAA"}, [1, 2, 3, 4]),
    ({"OperationName": "Microsoft Graph Activity", "RequestMethod": "GET"}, [1, 3, 4]),
]


@pytest.mark.parametrize("service", ["microsoftgraphactivitylogs", ""])
@pytest.mark.parametrize("is_diagnostic", [False, True])
def test_fields_of_the_table(tmp_path: Path, service: str, is_diagnostic: bool) -> None:
    path = tmp_path / "requests.jsonl"
    records = [as_diagnostic(one) for one in REQUESTS] if is_diagnostic else REQUESTS
    path.write_text("\n".join(map(json.dumps, records)))
    (batch,) = read([path])
    source = {"product": "azure", **({"service": service} if service else {})}
    rules = compile_rules(
        RuleDocument(f"{number}.yml", {
            "title": f"Rule {number}", "id": f"0f6c1f3e-6c53-4c8e-9a0e-{number:012}", "level": "high", "logsource": source,
            "detection": {"selection": item, "condition": "selection"},
        })
        for number, (item, _) in enumerate(CASES)
    )  # fmt: skip
    assert not rules.skipped
    hit = rules.mark(enrich(batch.events, Networks.load()))[0].to_pylist()
    for number, (item, expected) in enumerate(CASES):
        name = f"0f6c1f3e-6c53-4c8e-9a0e-{number:012}"
        assert [place for place, marks in enumerate(hit, 1) if name in (marks or "")] == expected, item
