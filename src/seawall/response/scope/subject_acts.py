"""List what the intruder did to each account and mailbox beside reading: rules, rights, consents, sign-in methods, mail sent.

Only proved records count. An act belongs to whom it was done to, or else to the account that was used for it, so that each
letter can be written from its own subject. Who else gained or lost something stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from seawall.events.changes.acts import ACTS, ChangeAct, read_act, spell_operation
from seawall.events.changes.counted_operations import DELETES, DOWNLOADS, SENDS, SHARES, VIEWS
from seawall.events.changes.objects import is_guid
from seawall.events.changes.records import COLUMNS, ChangeRecord, read_changes
from seawall.response.scope.indicator_matches import SURE
from seawall.response.scope.records import SearchRecords
from seawall.response.scope_values import ActWhose, ScopeSubject, SubjectAct

MOST_ACTS: Final = 500
"""Most acts of one subject, the earliest first."""

MOST_RECORDS: Final = 20
"""Most record ids of one act."""

OF_MAILBOXES: Final = frozenset(
    {
        "inbox_rule", "inbox_rule_changed", "forwarding", "on_behalf", "mailbox_access", "mailbox_right", "send_as",
        "folder_access", "audit_off", "mail_filter", "delegate", "transfer",
    }
)  # fmt: skip
"""Acts that are done to a mailbox."""

OF_ACCOUNTS: Final = frozenset(
    {"role", "method", "recovery", "method_removed", "password", "account_made", "account_removed"}
)
"""Acts that are done to an account."""

ELSEWHERE: Final = {
    **dict.fromkeys(("inbox_rule", "inbox_rule_changed", "mail_filter", "forwarding"), "other_rule"),
    **dict.fromkeys(
        ("on_behalf", "mailbox_access", "mailbox_right", "send_as", "folder_access", "delegate"),
        "other_right",
    ),
    "audit_off": "other_audit",
    "transfer": "other_data",
    "role": "other_role",
    **dict.fromkeys(("method", "recovery", "method_removed"), "other_method"),
    "password": "other_password",
    **dict.fromkeys(("account_made", "account_removed"), "other_account"),
}
"""The act of the account that was used, if the act was done to another account or mailbox."""

_NAMES_OBJECT: Final = frozenset(
    {
        "inbox_rule", "inbox_rule_changed", "folder_access", "mailbox_right", "role", "consent", "consent_for_all",
        "app_trusted", "app_made", "app_added", "app_owner", "app_permission", "credential", "credential_changed",
        "api_token", "device", "policy", "zone", "federation", "identity_provider", "flow_rule", "flow_rule_changed",
    }
)  # fmt: skip
"""Acts whose object is no person."""

COUNTED_ACTS: Final = (
    ("sent", "mail_action", SENDS, "coalesce(mailbox, account)"),
    ("deleted", "mail_action", DELETES, "coalesce(mailbox, account)"),
    ("downloaded", "file", DOWNLOADS, "account"),
    ("viewed", "file", VIEWS, "account"),
    ("shared", "file", SHARES, "account"),
    ("signed_in", "sign_in", (), "account"),
)

Key = tuple[str, str]
"""Organisation and name in lower case."""


@dataclass(frozen=True, slots=True)
class SubjectActs:
    """Hold the acts by (organisation, name): those done to mailboxes, and those done to or with accounts."""

    of: dict[ActWhose, dict[Key, tuple[SubjectAct, ...]]]

    def attach(self, subjects: Sequence[ScopeSubject], others: Iterable[ScopeSubject]) -> list[ScopeSubject]:
        """Return mailboxes or accounts with their acts. What no subject of `others`, the other kind, can hold is theirs too."""
        held = {(one.tenant, one.name.lower()) for one in others}
        found = []
        for one in subjects:
            key = (one.tenant, one.name.lower())
            acts = [
                act
                for whose in get_args(ActWhose)
                if whose == one.kind or key not in held
                for act in self.of[whose].get(key, ())
            ]
            found.append(replace(one, acts=tuple(sorted(acts, key=_order))) if acts else one)
        return found


def find_subject_acts(records: SearchRecords) -> SubjectActs:
    """Return what the intruder's records did, after they were classified."""
    told: dict[ActWhose, dict[Key, list[SubjectAct]]] = {
        whose: defaultdict(list) for whose in get_args(ActWhose)
    }
    names = _SubjectNames(records)
    for record in _read_changes(records):
        act = read_act(record)
        if act is None:
            continue
        for whose, name, done in _assign(record, act, names):
            told[whose][record.tenant, name].append(done)
    for act_name, kind, operations, holder in COUNTED_ACTS:
        holders = told["account" if holder == "account" else "mailbox"]
        for tenant, name, done in _count(records, act_name, kind, operations, holder):
            holders[tenant, name].append(done)
    return SubjectActs(
        {whose: {key: _merge(acts) for key, acts in held.items()} for whose, held in told.items()}
    )


def _read_changes(records: SearchRecords) -> list[ChangeRecord]:
    operations = [
        name
        for (name,) in records.rows(
            f"SELECT DISTINCT activity FROM sorted WHERE grade = {SURE} AND activity IS NOT NULL"
        )
        if spell_operation(name) in ACTS
    ]
    rows = records.rows(
        f"SELECT id FROM sorted WHERE grade = {SURE} AND ok AND activity IN (SELECT unnest(?::VARCHAR[])) ORDER BY id",
        [operations],
    )
    found = [values for _, values in records.read_columns([row for (row,) in rows], COLUMNS)]
    return read_changes(found, frozenset())


def _assign(
    record: ChangeRecord, act: ChangeAct, names: _SubjectNames
) -> Iterator[tuple[ActWhose, str, SubjectAct]]:
    """Yield whom an act is told to, and as what. An act to somebody whom the record does not name is told to nobody."""
    actor = record.account.lower()
    whose: ActWhose = "mailbox" if act.act in OF_MAILBOXES else "account"
    if act.act not in OF_MAILBOXES | OF_ACCOUNTS:
        if actor:
            yield "account", actor, _make(record, act.act, act)
        return
    target = _find_target(record, act, whose)
    if target is None:
        return
    found = names.find(record.tenant, target)
    if found:
        yield whose, found, _make(record, act.act, act)
    if found != actor and actor:
        yield "account", actor, _make(record, ELSEWHERE[act.act])


def _find_target(record: ChangeRecord, act: ChangeAct, whose: ActWhose) -> str | None:
    """Return whose mailbox or which account an act concerns, as the record names it; None if it does not say."""
    if whose == "mailbox":
        return record.text("USER_EMAIL") or act.place or record.owner
    if act.whom == "itself":
        return record.account
    if act.whom:
        return None if is_guid(act.whom) else act.whom
    is_own = record.resource.lower() in {"", record.account.lower(), record.object_id.lower()}
    return record.account if is_own and act.act != "role" else None


def _make(record: ChangeRecord, name: str, act: ChangeAct | None = None) -> SubjectAct:
    named = "" if act is None or act.act not in _NAMES_OBJECT else act.object
    if act is not None and act.act == "app_permission":
        named = act.whom
    return SubjectAct(
        name,
        record.time,
        record.time,
        "" if "@" in named else named,
        records=(record.id,) if record.id else (),
    )


def _count(
    records: SearchRecords, name: str, kind: str, operations: Sequence[str], holder: str
) -> Iterator[tuple[str, str, SubjectAct]]:
    rows = records.rows(
        f"""SELECT tenant, lower({holder}) AS name, min(time), max(time), count(*),
            list(uid ORDER BY time, uid) FILTER (uid IS NOT NULL)
        FROM sorted WHERE grade = {SURE} AND ok AND kind = ?
            AND (len(?::VARCHAR[]) = 0 OR activity IN (SELECT unnest(?::VARCHAR[])))
            AND {holder} IS NOT NULL GROUP BY ALL ORDER BY ALL""",
        [kind, list(operations), list(operations)],
    )
    for tenant, holds, first, last, count, ids in rows:
        done = SubjectAct(name, first, last, count=int(count), records=tuple((ids or ())[:MOST_RECORDS]))
        yield tenant, holds, done


def _merge(acts: Iterable[SubjectAct]) -> tuple[SubjectAct, ...]:
    """Return the same acts to the same object as one, in order of time."""
    found: dict[tuple[str, str], SubjectAct] = {}
    for act in sorted(acts, key=_order):
        known = found.get((act.act, act.object))
        if known is not None:
            ids = tuple(dict.fromkeys((*known.records, *act.records)))[:MOST_RECORDS]
            act = replace(known, last=max(known.last, act.last), count=known.count + act.count, records=ids)
        found[act.act, act.object] = act
    return tuple(sorted(found.values(), key=_order)[:MOST_ACTS])


def _order(act: SubjectAct) -> tuple[int, str, str]:
    return act.first, act.act, act.object


class _SubjectNames:
    """Find the account or mailbox of a name: its address, or the part before the @ if one address alone has it."""

    def __init__(self, records: SearchRecords) -> None:
        rows = records.rows(
            """SELECT DISTINCT tenant, lower(name) FROM (
                SELECT tenant, account AS name FROM sorted UNION SELECT tenant, mailbox FROM sorted
            ) WHERE name IS NOT NULL"""
        )
        self._full = {(tenant, name) for tenant, name in rows}
        self._short: dict[Key, set[str]] = defaultdict(set)
        for tenant, name in self._full:
            self._short[tenant, name.partition("@")[0]].add(name)

    def find(self, tenant: str, name: str) -> str:
        """Return the name of the subject, "" if no subject or several could be meant."""
        low = name.lower()
        if (tenant, low) in self._full:
            return low
        found = set() if "@" in low else self._short.get((tenant, low), set())
        return next(iter(found)) if len(found) == 1 else ""
