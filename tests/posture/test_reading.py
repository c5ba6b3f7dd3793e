"""Exports in the forms that administrators have, and hostile ones: the rest is read, and nothing is invented."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events import small_exports
from seawall.posture import read_configuration as reading
from seawall.posture import values
from seawall.posture.assess import assess_configuration
from seawall.posture.exports import BY_NAME
from seawall.posture.policies import POLICIES
from seawall.posture.policy import MOST_NAMES, Configuration
from seawall.posture.read_configuration import read_configuration

from .graph import access_policy, page
from .test_samples import NOW, SAMPLES, tenant

DOMAIN = {"id": "contoso.example", "authenticationType": "Managed", "isVerified": True, "isRoot": True}


def read(folder: Path) -> tuple[Configuration, list[str]]:
    configuration, problems = read_configuration([folder], NOW)
    return configuration, [problem.code for problem in problems]


def states(configuration: Configuration) -> dict[str, str]:
    return {one.policy.id: one.verdict.state for one in assess_configuration(configuration)}


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    for number, path in enumerate(sorted((SAMPLES / "bad").iterdir())):
        shutil.copy(path, tmp_path / f"{number}.bin")
    found, problems = read(tmp_path)
    assert problems == []
    assert states(found) == states(read_configuration([SAMPLES / "bad"], NOW)[0])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encodings_and_line_ends(encoding: str, ending: str, tmp_path: Path) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    text = json.dumps(page("domains", [DOMAIN]), indent=2).replace("\n", ending)
    (tmp_path / "x").write_bytes((mark + text).encode(encoding))
    rows = f'#TYPE Selected.X{ending}"Name","AuditBypassEnabled"{ending}"ann","True"{ending}'
    (tmp_path / "y").write_bytes((mark + rows).encode(encoding))
    found, problems = read(tmp_path)
    assert problems == []
    assert len(found.all("domains")) == 1
    assert found.all("audit_bypass") == [{"name": "ann", "auditbypassenabled": "True"}]


def test_capitals_of_powershell_and_additional_properties(tmp_path: Path) -> None:
    one = {
        "Id": "contoso.example",
        "AuthenticationType": "Managed",
        "IsVerified": None,
        "AdditionalProperties": {"isVerified": True},
    }
    (tmp_path / "x.json").write_text(json.dumps([one]))
    found, _ = read(tmp_path)
    assert found.all("domains")[0]["isverified"] is True


def test_a_bundle_of_scubagear(tmp_path: Path) -> None:
    """`ProviderSettingsExport.json` holds every export under a name of its own, with the field names of PowerShell."""
    rule = access_policy("Legacy", conditions={"clientAppTypes": ["exchangeActiveSync", "other"]})
    bundle = {
        "baseline_version": "1",
        "conditional_access_policies": [{name[:1].upper() + name[1:]: value for name, value in rule.items()}],
        "privileged_users": {
            "1": {"DisplayName": "Ann", "OnPremisesImmutableId": None, "roles": ["Global Administrator"]},
            "2": {
                "DisplayName": "Ben",
                "OnPremisesImmutableId": "x=",
                "roles": ["Global Administrator", "User Administrator"],
            },
        },
        "privileged_roles": [
            {
                "DisplayName": "Global Administrator",
                "RoleTemplateId": "62e90394-69f5-4237-9190-012177145e10",
                "Assignments": [{"PrincipalId": "1", "StartDateTime": None, "EndDateTime": None}],
                "Rules": [
                    {
                        "Id": "Approval_EndUser_Assignment",
                        "AdditionalProperties": {"setting": {"isApprovalRequired": True}},
                    }
                ],
            }
        ],
        "directory_settings": [
            {"TemplateId": "t", "Values": [{"Name": "EnableAdminConsentRequests", "Value": "true"}]}
        ],
        "spf_records": [{"domain": "contoso.example", "rdata": ["v=spf1 -all"]}],
        "dmarc_records": [{"domain": "contoso.example", "rdata": ["v=DMARC1; p=reject; pct=100"]}],
        "remote_domains": [{"DomainName": "*", "AutoForwardEnabled": True}],
        "conn_filter": [],
        "aad_successful_commands": ["Get-Mg"],
    }
    (tmp_path / "ProviderSettingsExport.json").write_text(json.dumps(bundle))
    found, problems = read(tmp_path)
    assert problems == []
    told = states(found)
    met = ("MS.AAD.1.1v1", "MS.AAD.5.3v1", "MS.AAD.7.1v1", "MS.AAD.7.6v1", "MS.EXO.2.2v3", "MS.EXO.4.2v1")
    assert {one: told[one] for one in met} == dict.fromkeys(met, "met")
    broken = ("MS.EXO.1.1v2", "MS.AAD.7.2v1", "MS.AAD.7.3v1", "MS.AAD.7.4v1", "MS.AAD.7.5v1")
    assert {one: told[one] for one in broken} == dict.fromkeys(broken, "not met")
    assert found.has("connection_filters")
    assert told["MS.SECURITYSUITE.8.1v1"] == "cannot say"


def test_an_empty_page_is_given_and_a_missing_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(page("identity/conditionalAccess/policies", [])))
    found, problems = read(tmp_path)
    assert problems == []
    assert found.has("conditional_access")
    assert not found.has("domains")
    assert states(found)["MS.AAD.3.2v2"] == "not met"


@pytest.mark.parametrize(
    ("context", "export"),
    [
        ("domains('contoso.example')/federationConfiguration", "federation"),
        ("domains", "domains"),
        ("servicePrincipals('0a')/appRoleAssignedTo", "app_role_assignments"),
        ("servicePrincipals(id,appId)", "service_principals"),
        ("policies/roleManagementPolicyAssignments(policy(rules()))", "role_policies"),
        ("roleManagement/directory/roleAssignmentScheduleInstances(principal())", "role_schedules"),
    ],
)
def test_an_empty_page_is_of_the_list_that_its_context_names(
    context: str, export: str, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_text(json.dumps(page(context, [])))
    found, problems = read(tmp_path)
    assert problems == []
    assert list(found.objects) == [export]


def test_without_the_last_page_nothing_is_proved(tmp_path: Path) -> None:
    more = {"@odata.nextLink": "https://graph.microsoft.com/v1.0/x?$skiptoken=1"}
    ok = DOMAIN | {"passwordValidityPeriodInDays": 2147483647}
    (tmp_path / "1.json").write_text(json.dumps(page("domains", [ok], **more)))
    assert states(read(tmp_path)[0])["MS.AAD.6.1v1"] == "cannot say"
    (tmp_path / "2.json").write_text(json.dumps(page("domains", [ok | {"id": "two.example"}])))
    assert states(read(tmp_path)[0])["MS.AAD.6.1v1"] == "met"


def test_a_broken_export_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "0.json").write_bytes(b"\xff\xfe\x00\xd8{")
    (tmp_path / "1.json").write_text('{"value": [')
    (tmp_path / "2.json").write_text("[" * 5_000 + "]" * 5_000)
    (tmp_path / "3.json").write_text("")
    (tmp_path / "4.txt").write_text("Name : Default\nAutoForwardEnabled : True\n")
    (tmp_path / "5.csv").write_text('"Name","AuditBypassEnabled"\n"ann"\n"ben","False"\n')
    (tmp_path / "6.json").write_text('{"id": "1", "unknown": {"deep": [1, 2]}}')
    (tmp_path / "7.json").write_text('[1, "two", null, [[]]]')
    (tmp_path / "9.json").write_text(json.dumps(page("domains", [DOMAIN])))
    found, problems = read(tmp_path)
    assert len(found.all("domains")) == 1
    assert found.all("audit_bypass") == [{"name": "ben", "auditbypassenabled": "False"}]
    assert {"too-deep", "not-json", "wrong-columns", "not-a-log"} <= set(problems)


def test_too_many_objects_are_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_OBJECTS", 10)
    rows = [{"Name": f"a{number}", "AuditBypassEnabled": False} for number in range(25)]
    (tmp_path / "x.json").write_text(json.dumps(rows))
    found, problems = read(tmp_path)
    assert len(found.all("audit_bypass")) == 10
    assert problems == ["too-large"]
    assert states(found)["SEAWALL.AUDIT.1v1"] == "cannot say"


@pytest.mark.parametrize("text", ["[" + "[]," * 60 + "[]]", '["' + '","' * 60 + '"]', '{"a":1}\n' * 70])
def test_documents_of_too_many_values_are_not_parsed(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_exports, "MOST_VALUES", 50)
    (tmp_path / "x.json").write_text(text)
    (tmp_path / "y.json").write_text(json.dumps(DOMAIN))
    found, problems = read(tmp_path)
    assert problems == ["too-large"]
    assert len(found.all("domains")) == 1


def test_only_the_fields_that_are_checked_are_kept(tmp_path: Path) -> None:
    rows = [{"Name": "a", "AuditBypassEnabled": True, "Junk": "x" * 1_000}]
    (tmp_path / "x.json").write_text(json.dumps(rows))
    assert read(tmp_path)[0].all("audit_bypass") == [{"name": "a", "auditbypassenabled": True}]


def test_many_names_are_counted_and_few_listed(tmp_path: Path) -> None:
    rows = [{"Name": f"a{number:05}" + "y" * 500, "AuditBypassEnabled": True} for number in range(1_000)]
    (tmp_path / "x.json").write_text(json.dumps(rows))
    found = next(
        one for one in assess_configuration(read(tmp_path)[0]) if one.policy.id == "SEAWALL.AUDIT.1v1"
    )
    assert (len(found.verdict.names), found.verdict.count) == (MOST_NAMES, 1_000)
    assert max(map(len, found.verdict.names)) == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["System.String[]", "@{a=b; c=}", "/Date(1)/", "{}", "[", "True", "P180D", "enabled", "All", "-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.data())
def test_hostile_values_stop_nothing(data: st.DataObject) -> None:
    """Any field of any export may hold anything: every check answers with one of the three states."""
    objects: dict[str, list[Any]] = {}
    for name, export in BY_NAME.items():
        fields = sorted(export.keeps or export.fields)
        changed = data.draw(st.lists(st.sampled_from(fields), max_size=3))
        objects[name] = [values.lower_names({field: data.draw(JSON) for field in changed})]
    for found in assess_configuration(Configuration(objects, NOW), POLICIES):
        assert found.verdict.state in ("met", "not met", "cannot say")
        assert "failed" not in found.verdict.reason, (found.policy.id, objects)


@given(st.data())
def test_one_hostile_field_changes_no_other_answer_into_a_failure(data: st.DataObject) -> None:
    """The good tenant with one value of each export replaced: checks that read deep structures meet anything."""
    objects: dict[str, list[Any]] = {}
    for name, found in tenant("good").objects.items():
        changed = [dict(one) for one in found]
        if changed:
            one = data.draw(st.sampled_from(changed))
            one[data.draw(st.sampled_from(sorted(one)))] = data.draw(JSON)
        objects[name] = changed
    for finding in assess_configuration(Configuration(objects, NOW), POLICIES):
        assert "failed" not in finding.verdict.reason, finding


READERS = (
    values.is_hidden, values.lower_names, values.read_fields, values.read_flag, values.read_items, values.read_number,
    values.read_seconds, values.read_text, values.read_texts, values.read_time,
)  # fmt: skip


@given(JSON)
def test_readers_of_values_never_raise(value: Any) -> None:
    for function in READERS:
        function(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        ("True", True),
        ("false", False),
        (1, True),
        (0, False),
        ("$true", True),
        ("", None),
        (None, None),
        (2, None),
        ("x", None),
    ],
)
def test_flags(value: Any, expected: bool | None) -> None:
    assert values.read_flag(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("P180D", 180 * 86_400), ("PT12H", 43_200), ("43200s", 43_200), ("90.00:00:00", 90 * 86_400), ("12:30:00", 45_000),
        ({"totaldays": 7.0}, 604_800), ("P", None), ("", None), ("soon", None),
    ],
)  # fmt: skip
def test_durations(value: Any, expected: float | None) -> None:
    assert values.read_seconds(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01T00:00:00Z", NOW), ("2026-03-01T00:00:00.0000000Z", NOW), ("/Date(1772323200000)/", NOW),
        ("2026-03-01 00:00:00Z", NOW),
        ({"value": "/Date(1772323200000)/", "DateTime": "x"}, NOW), ("3/4/2026 1:02:03 AM", None), ("", None), (5, None),
    ],
)  # fmt: skip
def test_times(value: Any, expected: int | None) -> None:
    assert values.read_time(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", "b"], ["a", "b"]), ("a, b", ["a", "b"]), ("{a, b}", ["a", "b"]), ({"value": ["a"], "Count": 1}, ["a"]),
        ("", []), ([], []),
        (None, None), ("System.Object[]", None), (["System.String[]"], None),
        ("Microsoft.Exchange.Data.MultiValuedProperty`1[System.String]", None),
    ],
)  # fmt: skip
def test_lists(value: Any, expected: list[str] | None) -> None:
    assert values.read_texts(value) == expected


def test_nested_values_as_text() -> None:
    assert values.read_fields("@{State=enabled; Id=all_users}") == {"state": "enabled", "id": "all_users"}
    assert values.read_fields('{"State": "enabled"}') == {"state": "enabled"}
    assert values.read_fields("System.Object") == {}
