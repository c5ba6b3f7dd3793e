"""Write an organisation's acts in the export formats of Microsoft 365, Google Workspace and Okta."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from seawall.lab.worlds.acts import Act, ActivityLog
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.records import changes, google, google_activity, mail, okta, okta_entry, sign_ins
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.writer import ExportResult, LogStream, Record, WorldWriter

__all__ = ["ExportResult", "Record", "mailboxes_of", "write_logs"]
_FOREIGN = ("sso", "identity")
"""Kinds of acts that Microsoft 365 does not log."""
FACTORS = (50126, 50053, 50034, 50055, 500121, 50074)
"""Error codes of passwords and second factors: if Okta checks these, the suite's own log has no record."""


def write_logs(diary: ActivityLog, folder: Path, seed: int) -> ExportResult:
    """Write all acts below `folder`, in the formats of each system whose logs are collected."""
    exported = ExportResult()
    diary.acts.sort(key=lambda act: act.time)
    end = diary.start + 86400 * diary.days
    for system in diary.tenant.systems.collected:
        kind, *stream = _WRITERS[system]
        writer = kind(diary, folder, SeededRandom(seed, *stream, diary.tenant.number), exported)
        for act in diary.acts:
            if diary.start <= act.time < end:
                writer.write(act)
        writer.close()
    return exported


class MicrosoftWriter(WorldWriter):
    """Write the unified audit log, sign-in logs and directory audits."""

    def _streams(self) -> list[LogStream]:
        return [
            LogStream("audit", self.style.audit_shape),
            LogStream("signins", self.style.sign_in_shape),
            LogStream("directory", self.style.sign_in_shape),
        ]

    def _records(self, act: Act) -> Iterator[tuple[LogStream, Record, str]]:
        if act.kind in _FOREIGN or self._is_elsewhere(act) or self._is_unaudited(act):
            return
        uid = self.dice.guid()
        for stream, record in self._twins(act, uid):
            yield stream, record, uid

    def _is_elsewhere(self, act: Act) -> bool:
        return act.kind == "sign_in" and act.details["error"] in FACTORS and self.tenant.systems.is_federated

    def _is_unaudited(self, act: Act) -> bool:
        unaudited = self.tenant.habits.unaudited
        if not unaudited or act.owner is None or act.owner.upn not in unaudited:
            return False
        return act.kind == "read" or (act.kind == "item" and act.operation in self.tenant.habits.licensed)

    def _twins(self, act: Act, uid: str) -> Iterator[tuple[LogStream, Record]]:
        tenant, dice, style = self.tenant, self.dice, self.style
        week = self.diary.day_of(act.time) // 7
        audit = self.streams["audit"]
        if act.kind in ("read", "item"):
            yield audit, mail.mailbox_record(act, uid, tenant, dice, week)
        elif act.kind in ("sign_in", "app_sign_in"):
            yield from self._sign_in_records(act, uid, week)
        elif act.kind == "cmdlet":
            yield audit, changes.cmdlet_record(act, uid, tenant, dice, week)
        elif act.kind == "directory":
            if style.directory_in != "entra":
                yield audit, changes.directory_record(act, uid, tenant, dice)
            if style.directory_in != "audit":
                yield (
                    self.streams["directory"],
                    self._shape(changes.entra_audit_record(act, uid, dice), "AuditLogs"),
                )
        elif act.kind == "file":
            yield audit, mail.file_record(act, uid, tenant, dice, week)
        else:
            yield audit, mail.other_record(act, uid, tenant, dice, week)

    def _sign_in_records(self, act: Act, uid: str, week: int) -> Iterator[tuple[LogStream, Record]]:
        style, dice = self.style, self.dice
        if act.client is not None and not dice.chance(style.births_found.get(act.client.style, 1.0)):
            return
        if act.kind == "sign_in" and not act.details["interactive"] and not style.has_non_interactive:
            return
        if (
            act.kind == "sign_in"
            and style.has_audit_sign_ins
            and (act.details["interactive"] or dice.chance(0.3))
        ):
            yield self.streams["audit"], sign_ins.audit_sign_in(act, uid, self.tenant, dice, week)
        if style.has_sign_ins:
            record = sign_ins.sign_in_record(act, uid, self.tenant, dice, week)
            yield self.streams["signins"], self._shape(record, "")

    def _shape(self, record: Record, category: str) -> Record:
        shape = self.style.sign_in_shape
        if shape == "graph":
            return record
        if not category:
            return (
                sign_ins.diagnostic(record, self.tenant)
                if shape == "diagnostic"
                else sign_ins.log_analytics(record, self.tenant)
            )
        return changes.wrap_change(record, self.tenant, shape)


_APPLICATIONS = {
    "login": "signins",
    "user_accounts": "directory",
    "admin": "directory",
    "groups": "directory",
    "token": "audit",
    "gmail": "audit",
    "drive": "audit",
    "rules": "audit",
}
"""Google's applications whose activities are exported, each with the log whose gaps it shares."""


class GoogleWriter(WorldWriter):
    """Write activities of the Reports API, a list for each application."""

    def _streams(self) -> list[LogStream]:
        shape = self.tenant.systems.google_shape
        return [LogStream(name, shape, gap) for name, gap in _APPLICATIONS.items()]

    def _hours(self) -> int:
        return self.tenant.systems.hours

    def _records(self, act: Act) -> Iterator[tuple[LogStream, Record, str]]:
        for application, record in google.google_records(act, self.tenant, self.dice):
            yield self.streams[application], record, google_activity.identity_of(record)


class OktaWriter(WorldWriter):
    """Write the System Log."""

    def __init__(self, diary: ActivityLog, folder: Path, dice: SeededRandom, exported: ExportResult) -> None:
        super().__init__(diary, folder, dice, exported)
        self._seen: dict[tuple[str, str], tuple[LabClient, str]] = {}
        self._devices: dict[str | int, str] = {}

    def _streams(self) -> list[LogStream]:
        return [LogStream("okta", self.tenant.systems.okta_shape, "signins")]

    def _hours(self) -> int:
        return self.tenant.systems.hours

    def _records(self, act: Act) -> Iterator[tuple[LogStream, Record, str]]:
        week = self.diary.day_of(act.time) // 7
        shown = self._with_client(act)
        for record in okta.okta_records(shown, self.tenant, self.dice, week):
            if shown.client is not None:
                record["debugContext"]["debugData"]["dtHash"] = self._device(shown.client, shown.session)
            yield self.streams["okta"], record, okta_entry.identity_of(record)

    def _device(self, client: LabClient, session: str) -> str:
        """Return the device token of the browser's cookies: a stolen session includes them."""
        by_client = self._devices.get(id(client)) or self._devices.setdefault(
            id(client), self.dice.hexadecimal(64)
        )
        return self._devices.setdefault(session, by_client) if session else by_client

    def _with_client(self, act: Act) -> Act:
        """Return the act with the client and session last seen from its address, because Okta logs the client of a change."""
        if not isinstance(act.who, LabAccount):
            return act
        key = (act.who.upn, act.client_address)
        if act.client is not None:
            if act.session and act.client.family != "app":
                self._seen[key] = (act.client, act.session)
            return act
        client, session = self._seen.get(key, (act.who.desks[0] if act.who.desks else None, ""))
        return replace(act, client=client, session=session)


_WRITERS: dict[str, tuple[type[WorldWriter], *tuple[int, ...]]] = {
    "microsoft": (MicrosoftWriter, 5),
    "google": (GoogleWriter, 51),
    "okta": (OktaWriter, 52),
}
"""The writer of each system, and a number that seeds its random numbers."""


def mailboxes_of(acts: list[Act]) -> list[str]:
    """Return the mailboxes that acts read, sorted."""
    return sorted({act.owner.upn for act in acts if act.kind == "read" and isinstance(act.owner, LabAccount)})
