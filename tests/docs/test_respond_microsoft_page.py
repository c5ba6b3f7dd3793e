"""The page on what is asked of Microsoft says every call and every command that is made, and none that is not."""

from __future__ import annotations

import re
from pathlib import Path

from seawall.collection.vendors.entra import FEEDS, EntraSource
from seawall.collection.vendors.m365 import M365Source
from seawall.response.containment.planning import make_plan
from seawall.response.containment.values import ContainmentStep, VendorCall
from seawall.vendor_api.access.microsoft import MicrosoftAccess
from seawall.vendor_api.client import VendorClient
from seawall_base.clock import Clock
from seawall_base.http_client import HttpClient
from tests.collection.collecting import client_of, collect
from tests.collection.graph import Graph, audit, sign_in
from tests.collection.management import TENANT, Management, blob
from tests.collection.serving import NOW, Server, Still, serving
from tests.collection.test_command import management, secret_file
from tests.response.containment.samples import ANN, evidence, incident, row
from tests.response.containment.samples import TENANT as ORGANISATION
from tests.response.containment.test_microsoft_days import EVERYTHING, planned
from tests.response.containment.test_planning import APP, KEY, PRINCIPAL

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "respond-microsoft.md").read_text("utf-8")
EVE = "eve@evil.example"
FOLDER = f"{ANN}:\\Projects"
KEYS = f"[[KeyIdentifier={KEY},KeyType=Password,KeyUsage=Verify]]"
CERTIFICATES = f"[[KeyIdentifier={KEY},KeyType=AsymmetricX509Cert,KeyUsage=Verify]]"
NONE_BEFORE = {
    "type": "Application",
    "modifiedProperties": [{"displayName": "KeyDescription", "oldValue": "[]"}],
}
DIRECTORY = (
    row("Add service principal credentials", source="entra_audit", kind="directory", resource_uid=PRINCIPAL,
        parameters={"KeyDescription": KEYS}, raw={"targetResources": [{**NONE_BEFORE, "type": "ServicePrincipal"}]}),
    row("Add service principal credentials", source="entra_audit", kind="directory", resource_uid=PRINCIPAL,
        parameters={"KeyDescription": CERTIFICATES},
        raw={"targetResources": [{**NONE_BEFORE, "type": "ServicePrincipal"}]}),
    row("Update application - Certificates and secrets management", source="entra_audit", kind="directory",
        resource_uid=APP, parameters={"KeyDescription": CERTIFICATES}, raw={"targetResources": [NONE_BEFORE]}),
    row("Register device", source="entra_audit", kind="directory"),
)  # fmt: skip
EXCHANGE = (
    row("UpdateInboxRules", mailbox=ANN),
    row("Set-Mailbox", mailbox=ANN, parameters={"ForwardingSmtpAddress": f"smtp:{EVE}", "ForwardingAddress": "eve"}),
    row("Set-Mailbox", mailbox=ANN, parameters={"GrantSendOnBehalfTo": EVE}),
    row("Set-Mailbox", mailbox=ANN, parameters={"GrantSendOnBehalfTo": f"@{{Add='{EVE}','x'}}"}),
    row("New-TransportRule", parameters={"Name": "bcc"}),
    row("Set-JournalRule", parameters={"Identity": "all"}),
    row("New-InboundConnector", parameters={"Name": "in"}),
    row("New-OutboundConnector", parameters={"Name": "out"}),
    row("Add-MailboxPermission", mailbox=ANN, parameters={"User": EVE, "AccessRights": "FullAccess", "Deny": "True"}),
    row("Add-MailboxPermission", mailbox=ANN),
    row("Add-RecipientPermission", mailbox=ANN, parameters={"Trustee": EVE}),
    row("Set-MailboxFolderPermission", mailbox=ANN, parameters={
        "Identity": FOLDER, "User": EVE, "AccessRights": "Editor", "SharingPermissionFlags": "Delegate"}),
    row("AddFolderPermissions", mailbox=ANN),
)  # fmt: skip


def table(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, cell by cell."""
    part = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def actions() -> list[ContainmentStep]:
    """Steps of every kind that a plan has for Microsoft."""
    application = make_plan(
        evidence(systems={(ORGANISATION, APP): frozenset({"microsoft"})}),
        incident=incident("record-1", account=APP),
    )
    return [*planned(*EVERYTHING, *DIRECTORY, *EXCHANGE).actions, *application.actions]


def key(call: VendorCall) -> str:
    path = call.path.split("?")[0].replace("ann%40example.org", "{account}")
    path = re.sub(r"\{\w+\.id\}|[0-9a-f]{8}-[0-9a-f-]{27}", "{id}", path)
    return f"{call.method} {path}" + (
        f" {next(iter(call.body))}" if call.method == "PATCH" and call.body else ""
    )


def test_every_call_of_a_plan_is_in_the_table_and_no_other() -> None:
    rows = {cells[0].strip("`"): cells for cells in table("Calls of a plan")}
    met: set[str] = set()
    for action in actions():
        changes = {key(call) for call in action.calls}
        for call in (*(read.call for read in action.before), *action.calls, *action.undo):
            name = key(call)
            met.add(name)
            _, link, permission, answer, undo = rows[name]
            assert link == f"[{call.documentation.rpartition('/')[2]}]({call.documentation})", name
            assert permission == f"`{call.permission}`", name
            assert int(answer) in call.expect, name
            assert bool(undo) is (call.method != "GET"), name
            if name in changes:
                assert undo.startswith("none") is not bool(action.undo), name
                assert action.undo or action.irreversible, name
            for role in filter(None, call.role.split("; ")):
                assert role.partition(",")[0] in " ".join(PAGE.split()).replace("*", ""), name
    assert met == set(rows)


def test_every_command_is_in_the_table_with_its_parameters_and_no_other() -> None:
    listed = {
        cells[0].strip("`"): (set(re.findall(r"`(-\w+)`", cells[1])), cells[2]) for cells in table("Commands")
    }
    met: dict[str, set[str]] = {}
    for action in actions():
        for line in (*action.powershell, *action.undo_powershell):
            bare = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", "''", line)
            for part in re.split(r"[|()]", bare):
                # What stands between brackets is a command by itself; its parameters are not those of the outer one.
                found = re.match(r"\s*([A-Z][a-z]+-\w+)", part)
                name = found[1] if found else re.findall(r"([A-Z][a-z]+-\w+)", bare)[0]
                met.setdefault(name, set()).update(re.findall(r"(?<=\s)(-[A-Z]\w+)", part))
    for builtin in ("Format-List", "Select-Object"):
        met.pop(builtin, None)
    assert {name: sorted(parameters) for name, parameters in met.items()} == {
        name: sorted(parameters) for name, (parameters, _) in listed.items()
    }
    for name, (_, link) in listed.items():
        assert re.match(
            rf"\[{name.lower()}\]\(https://learn\.microsoft\.com/[\w./-]+/{name.lower()}\)", link
        ), name


def asked(server: Server) -> set[str]:
    return {
        f"{one.method} {re.sub(r'/audit/.+', '/audit/{id}', one.path.replace(TENANT, '{tenant}'))}"
        for one in server.requests
    }


def test_every_call_of_the_collectors_is_in_the_table_and_no_other(tmp_path: Path) -> None:
    clock = Still()
    api, graph = Management(clock.now, [blob("b1", NOW - 3_600_000_000, 1)], enabled=set()), Graph(clock.now)
    graph.entries = [sign_in(1, NOW - 3_600_000_000), audit(2, NOW - 3_600_000_000)]
    seen: set[str] = set()
    with serving(api) as server:
        api.base = server.url
        client = client_of(server.url, clock)
        collect(
            tmp_path / "m365",
            lambda one: M365Source(one, server.url, TENANT, ("Audit.Exchange",)),
            client,
            clock,
        )
        clock.time += 86_400_000_000
        collect(
            tmp_path / "m365",
            lambda one: M365Source(one, server.url, TENANT, ("Audit.Exchange",)),
            client,
            clock,
        )
        seen |= asked(server)
    with serving(graph) as server:
        graph.base = server.url
        client = client_of(server.url, clock)
        collect(tmp_path / "entra", lambda one: EntraSource(one, server.url, FEEDS), client, clock, "entra")
        seen |= asked(server)
    with serving(management()) as server:
        server.api.base = server.url  # type: ignore[attr-defined]
        login(server, tmp_path)
        seen |= asked(server)
    listed = {cells[0].strip("`") for cells in table("Calls of the collectors")}
    assert seen == listed


def login(server: Server, folder: Path) -> None:
    """Get a token as a collector does."""
    secret = secret_file(folder).read_text()
    client = VendorClient(HttpClient(server.url), None, Clock())
    MicrosoftAccess(
        "client",
        TENANT,
        "https://login.microsoftonline.com",
        "https://manage.office.com/.default",
        secret,
        client,
        server.url,
    ).headers("GET", "")
