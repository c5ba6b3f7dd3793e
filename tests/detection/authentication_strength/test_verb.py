"""`seawall assurance` as it is typed, on made-up and on real logs; its page holds log text as text."""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.main import main
from seawall.pipeline.assess import OUTPUTS, assessment
from seawall.report.assurance_page import render_assurance

from .policies import policy, users

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
HOSTILE = "<script>window.__pwned=1</script>\u202e{{7*7}}"


def graph_sign_in(uid: str, name: str = "ann@x.example", **changes: Any) -> dict[str, Any]:
    return {
        "id": uid,
        "createdDateTime": "2026-03-02T09:00:00Z",
        "userPrincipalName": name,
        "userId": f"{zlib.crc32(name.encode()):08x}-0000-4000-8000-000000000000",
        "appId": "11111111-0000-4000-8000-000000000000",
        "appDisplayName": "App",
        "resourceId": "00000002-0000-0ff1-ce00-000000000000",
        "resourceDisplayName": "Office 365 Exchange Online",
        "clientAppUsed": "Browser",
        "isInteractive": True,
        "conditionalAccessStatus": "notApplied",
        "homeTenantId": "22222222-0000-4000-8000-000000000000",
        "resourceTenantId": "22222222-0000-4000-8000-000000000000",
        "ipAddress": "192.0.2.7",
        "status": {"errorCode": 0},
        "authenticationRequirement": "singleFactorAuthentication",
        "authenticationDetails": [{"authenticationMethod": "Password", "succeeded": True}],
        **changes,
    }


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    rows = [graph_sign_in("one"), graph_sign_in("two", f"{HOSTILE}@x.example", resourceDisplayName=HOSTILE)]
    (folder / "signins.json").write_text(json.dumps({"value": rows}))
    return folder


def test_the_answer_as_text_and_as_json(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assurance", str(logs)]) == 0
    told = capsys.readouterr()
    assert "Who could be taken over by a stolen password today: 2 open, 0 closed, 0 not known" in told.out
    assert "no Conditional Access policies were given" in told.err
    assert "\u202e" not in told.out
    assert main(["assurance", str(logs), "--json", "--quiet"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["summary"]["by_level"]["single factor"] == 2
    assert document["accounts"][1]["password"]["ways"][0]["record"] == "one"


def test_granted_sign_ins_are_counted_of_the_accounts_that_had_them(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accounts that only read mail, changed something or were refused are assessed too, and had no granted sign-in."""
    refused = [
        graph_sign_in(f"refused-{number}", f"idle{number}@x.example", status={"errorCode": 50126})
        for number in range(4)
    ]
    (logs / "refused.json").write_text(json.dumps({"value": refused}))
    assert main(["assurance", str(logs)]) == 0
    told = capsys.readouterr().out
    assert "2 granted sign-ins of 2 accounts" in told
    assert "of 4 further accounts no granted sign-in was seen" in told


def test_everything_given_at_once(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policies, methods, scanned = tmp_path / "policies.json", tmp_path / "methods.json", tmp_path / "scan"
    policies.write_text(json.dumps({"value": [policy(conditions=users(excludeGroups=["breakglass"]))]}))
    methods.write_text(
        json.dumps(
            {
                "value": [
                    {"userPrincipalName": "idle@x.example", "methodsRegistered": [], "isMfaCapable": False}
                ]
            }
        )
    )
    scanned.mkdir()
    (scanned / "incidents.jsonl").write_text(
        json.dumps({"id": "i1", "raised": True, "events": ["one"]}) + "\n"
    )
    proposed = tmp_path / "proposed.json"
    proposed.write_text(json.dumps(policy("proposed", state="disabled")))
    out = tmp_path / "out"
    command = ["assurance", str(logs), "--policies", str(policies), "--methods", str(methods), "--what-if", str(proposed),
               "--scanned", str(scanned), "--out", str(out), "--json"]  # fmt: skip
    assert main(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["not_given"] == ["breakglass"]
    assert document["what_if"]["sign_ins"]["asked for more"] == 2
    assert document["what_if"]["in_raised_incidents"]["incidents_met"] == 1
    idle = next(one for one in document["accounts"] if one["account"] == "idle@x.example")
    assert idle["password"]["answer"] == "open"
    assert "no sign-in of this account was seen" in idle["password"]["not_known"]
    assert {path.name for path in out.iterdir()} == set(OUTPUTS)
    written = json.loads((out / "assurance.json").read_text("utf-8"))
    assert written["summary"] == document["summary"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--policies", "absent.json"], 3),
        (["--policies", "EMPTY"], 3),
        (["--methods", "EMPTY"], 3),
        (["--what-if", "EMPTY"], 3),
        (["--scanned", "LOGS"], 2),
        (["--what-if", "POLICY", "--scanned", "LOGS"], 3),
    ],
)
def test_what_makes_no_sense_is_refused(logs: Path, tmp_path: Path, options: list[str], code: int) -> None:
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "policy.json").write_text(json.dumps(policy()))
    places = {"EMPTY": tmp_path / "empty.json", "LOGS": logs, "POLICY": tmp_path / "policy.json"}
    assert main(["assurance", str(logs), *(str(places.get(one, one)) for one in options)]) == code


def test_the_page_holds_log_text_as_text(logs: Path) -> None:
    page = render_assurance(assessment([logs]))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert "{{7*7}}" in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert "default-src &#39;none&#39;" in page


def test_the_same_logs_in_other_files_answer_the_same(tmp_path: Path) -> None:
    rows = [graph_sign_in(str(number), f"user{number % 3}@x.example") for number in range(9)]
    documents = []
    for name, order in (("a", rows), ("b", rows[::-1] + rows[:3])):
        folder = tmp_path / name
        folder.mkdir()
        for number, row in enumerate(order):
            (folder / f"{number}.json").write_text(json.dumps(row))
        document = assessment([folder])
        documents.append(
            {key: document[key] for key in ("accounts", "changes", "findings", "days", "mail_sessions")}
        )
    assert documents[0] == documents[1]


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not here: real records were not looked at")
    return path


def test_real_sign_ins() -> None:
    document = assessment([shared("entra-signins") / "aad_logons.jsonl"])
    summary = document["summary"]
    assert summary["problems"] == 0
    assert summary["accounts"] == 6
    assert summary["by_level"] == {
        "not told": 0,
        "single factor": 20,
        "two factors": 24,
        "phishing-resistant": 0,
    }
    assert summary["marks"]["claimed by the token"] == 24


def test_real_audit_records() -> None:
    document = assessment([shared("m365-tenant-2021")])
    summary = document["summary"]
    assert summary["events"] + summary["duplicates"] + summary["problems"] == summary["records"]
    assert sum(document["mail_sessions"].values()) > 0
    # The audit log says that a password was used, never that nothing else was.
    assert summary["by_level"]["single factor"] == 0
    assert {one["kind"] for one in document["findings"]} == {"unproved-root"}
    # Who was sent away to register a second factor had none.
    ways = {way["cause"] for account in document["accounts"] for way in account["password"]["ways"]}
    assert (summary["password"]["open"], ways) == (3, {"no-second-factor"})
    assert all(one["password"]["answer"] != "closed" for one in document["accounts"])
