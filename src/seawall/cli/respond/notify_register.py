"""`seawall respond notify register`, `acknowledge`, `record` and `bounces`: read and complete the register of notifications."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.respond.notify_options import SCOPE, By, CaseFile, Note, ScopeFile, When, moment
from seawall.cli.store.options import AsJson, DatabaseUrl
from seawall_base.clock import read_wall_clock

if TYPE_CHECKING:
    from seawall.response.notification.register import NotificationRegister


def show(
    case: CaseFile,
    who: Annotated[
        str | None,
        typer.Option(
            "--who", metavar="NAME", help="Id, name or address of a recipient, a mailbox, or an organisation."
        ),
    ] = None,
    scope: ScopeFile = None,
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="N:SHA256",
            help="An earlier head of the register, which it must still contain.",
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="DIR", help="Compare with the heads in this store's audit trail."),
    ] = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show the delivery of every letter. With --who, show whether, when and of what somebody was notified, or why not.

    \b
    Examples:
      seawall respond notify register case/case.toml
      seawall respond notify register case/case.toml --who anna@contoso.example
      seawall respond notify register case/case.toml --store /var/lib/seawall --json

    Each run verifies the register's hash chain: a changed or missing entry is an error.
    """
    from seawall.report.notification import delivery_document, paper_document, show_deliveries
    from seawall.response.notification.case_file import read_case
    from seawall.response.notification.register import NotificationRegister
    from seawall.response.notification.tracking import list_deliveries, list_printed_letters

    register = NotificationRegister.read(case.parent)
    _compare(register, case, head, store, database)
    if who is not None:
        _answer(case, register, who, scope, as_json=as_json)
        return
    found, printed = list_deliveries(register.entries), list_printed_letters(register.entries)
    if as_json:
        sent = [delivery_document(one) for one in found]
        paper = [paper_document(one) for one in printed]
        output.answer_json({"head": str(register.head), "deliveries": sent, "paper": paper})
    elif found or printed:
        output.answer(lambda console: show_deliveries(console, found, printed))
    else:
        output.say(f"no letter was sent in the case {read_case(case).case.id} yet")
    output.say(f"the register is complete; its head is {register.head}")


def _answer(
    case: Path, register: NotificationRegister, who: str, scope: Path | None, *, as_json: bool
) -> None:
    from seawall.report.notification import answer_document, show_answer
    from seawall.response.notification.answers import find_answer
    from seawall.response.notification.case_file import read_case
    from seawall.response.scope.document import read_scope

    file = scope if scope is not None else case.parent / SCOPE
    known = read_scope(file) if scope is not None or file.exists() else None
    found = find_answer(who, read_case(case), register, known)
    if as_json:
        output.answer_json(answer_document(found))
    else:
        output.answer(lambda console: show_answer(console, found))


def _compare(
    register: NotificationRegister, case: Path, head: str | None, store: Path | None, database: str | None
) -> None:
    from seawall.response.notification.case_file import read_case
    from seawall_base.errors import UsageError
    from seawall_base.hash_chain import parse_head

    if head is not None:
        try:
            register.check(parse_head(head))
        except ValueError as error:
            raise UsageError(f"--head: {error}") from None
    if store is not None:
        for noted in _note_heads(read_case(case).case.id, store, database):
            register.check(parse_head(noted))


def _note_heads(case: str, store: Path, database: str | None) -> list[str]:
    from seawall.storage.database import Database
    from seawall.storage.location import check_folder, database_place

    check_folder(store)
    opened = Database.open(database_place(store, database))
    heads: list[str] = []
    try:
        with opened.reading() as work:
            after = 0
            while page := work.audit.page(after=after, limit=1_000):
                after = page[-1].sequence
                heads += [
                    str(entry.details.get("head"))
                    for entry in page
                    if entry.action == "notify.register" and entry.subject == case
                ]
    finally:
        opened.close()
    return heads


def acknowledge(
    case: CaseFile,
    code: Annotated[
        str,
        typer.Option("--code", metavar="CODE", help="The code in the letter.", show_default=False),
    ],
    by: By,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Record that a recipient has a letter. The code in the letter identifies it.

    \b
    Examples:
      seawall respond notify acknowledge case/case.toml --code 7K3M-QX9A-02PD --by "Anna Beispiel"
      seawall respond notify acknowledge case/case.toml --code 7k3mqx9a02pd --by "service desk" --note "by telephone"
    """
    from seawall.response.notification.case_file import read_case
    from seawall.response.notification.confirming import record_acknowledgement as confirmed
    from seawall.response.notification.letter_ids import load_case_key
    from seawall.response.notification.register import NotificationRegister

    read, key = read_case(case), load_case_key(case.parent, create=False)
    with NotificationRegister.writing(case.parent, at=read_wall_clock()) as register:
        entry = confirmed(register, read, key, code, by=by, note=note, at=read_wall_clock())
    if as_json:
        output.answer_json({"recipient": entry.recipient, "version": entry.version})
    else:
        output.write(f"acknowledged: {entry.recipient}, version {entry.version}\n")


def record(
    case: CaseFile,
    recipient: Annotated[
        str,
        typer.Option(
            "--recipient",
            metavar="ID",
            help="Notified recipient: id, name, address or mailbox.",
            show_default=False,
        ),
    ],
    way: Annotated[
        str,
        typer.Option(
            "--way", metavar="TEXT", help="Means of notification, for example telephone.", show_default=False
        ),
    ],
    by: By,
    note: Note = "",
    when: When = None,
    as_json: AsJson = False,
) -> None:
    """Record that a person notified a recipient by other means than a letter from Seawall.

    \b
    Examples:
      seawall respond notify record case/case.toml --recipient anna --way telephone --by "Eva Muster"
      seawall respond notify record case/case.toml --recipient contoso --way post --by "Eva Muster" --when 2026-11-20T09:30:00Z
    """
    from seawall.response.notification.case_file import read_case
    from seawall.response.notification.confirming import record_notification
    from seawall.response.notification.register import NotificationRegister

    read, at = read_case(case), moment(when)
    with NotificationRegister.writing(case.parent, at=read_wall_clock()) as register:
        entry = record_notification(
            register, read, recipient, way=way, by=by, note=note, when=at, at=read_wall_clock()
        )
    if as_json:
        output.answer_json({"recipient": entry.recipient, "sequence": entry.sequence})
    else:
        output.write(f"recorded: {entry.recipient} was notified, {entry.way}\n")


def bounces(
    case: CaseFile,
    place: Annotated[
        Path,
        typer.Argument(
            metavar="MAIL", help="A Maildir, an mbox file, or a folder of .eml files.", show_default=False
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Record from mail servers' reports which letters were not delivered. A report that is read twice is recorded once.

    \b
    Examples:
      seawall respond notify bounces case/case.toml ~/Maildir
      seawall respond notify bounces case/case.toml reports.mbox
    """
    from seawall.response.notification.bounces import record_reports
    from seawall.response.notification.register import NotificationRegister

    with NotificationRegister.writing(case.parent, at=read_wall_clock()) as register:
        reading = record_reports(register, place, at=read_wall_clock())
    rows = [
        {
            "recipient": delivery.recipient,
            "version": delivery.version,
            "said": report.action,
            "status": report.status,
            "reason": report.reason,
        }
        for delivery, report in reading.taken
    ]
    if as_json:
        counts = {
            "read": reading.read,
            "known": reading.known,
            "strange": reading.strange,
            "unreadable": reading.unreadable,
        }
        output.answer_json({**counts, "taken": rows})
        return
    for row in rows:
        output.write(
            f"{row['recipient']}, version {row['version']}: {row['said']} {row['status']} {row['reason']}\n"
        )
    output.say(
        f"{reading.read} messages: {len(rows)} new reports of this case, {reading.known} known, {reading.strange} others, "
        f"{reading.unreadable} unreadable"
    )
