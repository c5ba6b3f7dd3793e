"""Exports of Exchange's own audit become records of the unified audit log."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.events.consoles.tables import restore_record
from tests.events.support import read_all, rows
from tests.events.test_console_tables import GUID, write_table


@pytest.mark.parametrize(("command", "parameters"), [
    ("Set-Mailbox -Identity mara -HiddenFromAddressListsEnabled:$true", {
        "Identity": "mara", "HiddenFromAddressListsEnabled": "True",
    }),
    ('New-InboxRule -Name "a -b" -From "x@y.example"', {"Name": "a -b", "From": "x@y.example"}),
    ('New-InboxRule -Name "say \\"hi\\" -MoveToFolder Archive', {"Name": 'say \\"hi\\', "MoveToFolder": "Archive"}),
    ("Get-Mailbox", {}),
    ("Set-Mailbox -Force", {}),
])  # fmt: skip
def test_a_command_gives_its_parameters(command: str, parameters: dict[str, str]) -> None:
    row = {"Caller": "k@contoso.example", "Cmdlet": command.split()[0], "RunDate": "2026-03-02T08:00:00Z"}
    found = restore_record(row | {"FullCommand": command})
    assert found is not None
    pairs = found[1].get("Parameters", [])
    assert {pair["Name"]: pair["Value"] for pair in pairs} == parameters
    assert ("FullCommand" in found[1]) == (not parameters)


def test_who_opened_a_mailbox() -> None:
    row = {"LastAccessed": "2026-03-02T08:00:00Z", "Operation": "MailItemsAccessed", "MailboxGuid": GUID}
    row |= {"MailboxOwnerUPN": "m@contoso.example", "LogonUserSid": "S-1-5-21-1"}
    owner, delegate = (restore_record(row | {"LogonType": name}) for name in ("Owner", "Delegate"))
    assert owner is not None
    assert delegate is not None
    assert (owner[1]["UserId"], owner[1]["LogonType"]) == ("m@contoso.example", 0)
    assert (delegate[1]["UserId"], delegate[1]["LogonType"]) == ("S-1-5-21-1", 2)
    assert owner[1]["RecordType"] == delegate[1]["RecordType"] == 50


def test_a_list_that_powershell_lost_is_no_parameter(tmp_path: Path) -> None:
    path = write_table(
        tmp_path / "t.csv",
        ["CmdletName", "CmdletParameters", "Caller", "RunDate"],
        ["Set-Mailbox", "System.Collections.ArrayList", "k@contoso.example", "02.03.2026 08:00:00"],
    )
    (event,) = rows(read_all(path)[0])
    assert (event["source"], event["activity_name"]) == ("m365_audit", "Set-Mailbox")
    assert "ArrayList" in (event["unmapped"] or "")


def test_changes_joined_by_semicolons_are_taken_apart() -> None:
    row = {"Caller": "k@contoso.example", "Cmdlet": "Set-Mailbox", "RunDate": "2026-03-02T08:00:00Z"}
    row |= {"FullCommand": "Set-Mailbox", "ModifiedProperties": "A;B", "OldValue": ";1", "NewValue": "x;2"}
    wanted = [
        {"Name": "A", "OldValue": "", "NewValue": "x"},
        {"Name": "B", "OldValue": "1", "NewValue": "2"},
    ]
    for given, changes in ((row, wanted), (row | {"NewValue": "x"}, "A;B")):
        found = restore_record(given)
        assert found is not None
        assert found[1]["ModifiedProperties"] == changes
