"""`seawall respond notify begin`, `draft` and `send`: write letters from a scope and send them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.respond.incident_options import StoreInstead
from seawall.cli.respond.notify_options import SCOPE, CaseFile, ScopeFile, aware_text, scope_of
from seawall.cli.store.options import AsJson, DatabaseUrl
from seawall_base.accountable_person import require_person
from seawall_base.clock import read_wall_clock
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.response.notification.drafts import LetterDraft
    from seawall.response.notification.register import NotificationRegister
    from seawall.response.notification.sending import DeliveryResult
    from seawall.response.scope_values import Scope, Verdict

_SAID = 10
"""Letters on paper that are named one by one."""

_MANY = 50
"""Number of letters between two progress messages."""


def begin(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder of the case. The command creates it.", show_default=False),
    ],
    scope: Annotated[
        Path | None,
        typer.Option("--scope", metavar="FILE", help="scope.json from `seawall scope`.", show_default=False),
    ] = None,
    store: StoreInstead = None,
    incident: Annotated[
        str | None,
        typer.Option(
            "--incident",
            metavar="INCIDENT",
            help="With --store: the incident to determine the scope of: its id, number or account.",
        ),
    ] = None,
    database: DatabaseUrl = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Also list cleared accounts.")] = False,
    touched: Annotated[bool, typer.Option("--touched", help="List only confirmed accounts.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create the folder of a case: the scope, and a case file to fill in that lists everybody affected.

    \b
    Examples:
      seawall respond notify begin case --scope scope/scope.json
      seawall respond notify begin case --scope scope/scope.json --touched
      seawall respond notify begin case --store seawall-store --incident 3f9a
    """
    import re

    from seawall.response.notification.drafts import write_file
    from seawall.response.notification.new_case import choose_recipients, write_case_file
    from seawall.response.notification.transports import PASSWORD
    from seawall.response.scope.document import write_scope
    from seawall_base.errors import UsageError

    if everyone and touched:
        raise UsageError("--everyone and --touched exclude each other", fix="give one of them, or neither")
    wanted: tuple[Verdict, ...] = (
        ("touched", "possible", "not_touched") if everyone else ("touched", "possible")
    )
    file = folder / "case.toml"
    if file.exists():
        raise UsageError(f"{file} already exists", fix="choose another folder, or edit it")
    found = _scope(scope, store, database, incident, quiet=quiet)
    id_ = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-._")[:60] or "case"
    chosen, left_out = choose_recipients(found, wanted[:1] if touched else wanted)
    aware = aware_text(read_wall_clock())
    text = write_case_file(id_, aware, variable=PASSWORD, subjects=chosen, left_out=left_out)
    write_file(file, text.encode("utf-8"))
    if not (folder / SCOPE).exists():
        write_scope(folder / SCOPE, found)
    if as_json:
        told = [{"name": one.name, "organisation": one.tenant, "code": one.code} for one in left_out]
        output.answer_json({"case": str(file), "scope": str(folder / SCOPE), "left_out": told})
    else:
        output.write(f"{file}\n")
        if left_out and not quiet:
            codes = sorted({one.code for one in left_out})
            output.say(f"no letter to {len(left_out):,} of the scope ({', '.join(codes)}): {file} names them")
    output.next_step(
        f"fill in {output.quote_path(file)}, then seawall respond notify draft {output.quote_path(file)}"
    )


def _scope(
    file: Path | None, store: Path | None, database: str | None, incident: str | None, *, quiet: bool
) -> Scope:
    """The scope that a case is begun from: of a file, or searched in a store. Raises UsageError."""
    from seawall.cli import progress
    from seawall.report.scope_words import warnings
    from seawall.response.incident_sources import find_records
    from seawall.response.scope import ScopeQuery, SearchBounds
    from seawall.response.scope.document import read_scope
    from seawall.response.scope.stored import scope_of_store
    from seawall.response.stored_incidents import open_stored_incidents
    from seawall.storage.location import open_store
    from seawall_base.errors import UsageError

    if (file is None) == (store is None):
        raise UsageError(
            "exactly one of --scope and --store is needed", fix="give --scope or --store, and not both"
        )
    if file is not None and incident is None:
        return read_scope(file)
    if store is None or incident is None:
        raise UsageError("--incident needs --store", fix="give --store and --incident")
    with progress.show_progress(quiet=quiet) as report, open_store(store, database) as opened:
        asked = ScopeQuery(incidents=find_records(open_stored_incidents(opened), [incident]))
        found, reading = scope_of_store(opened, asked, SearchBounds(), report)
    if not quiet:
        output.say(*(f"warning: {warning}" for warning in warnings(found)))
        for code, count in sorted(reading.problems.items()):
            output.say(f"not read: {count:,} ({code}); no verdict considers these records")
    return found


def draft(
    case: CaseFile,
    scope: ScopeFile = None,
    recipient: Annotated[
        list[str] | None,
        typer.Option("--recipient", metavar="ID", help="Only this recipient. May be repeated."),
    ] = None,
    fonts: Annotated[
        list[Path] | None,
        typer.Option(
            "--fonts",
            metavar="DIR",
            help="Folder of fonts for characters that the built-in PDF fonts lack. May be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write all letters as HTML, PDF and text into the folder `drafts` for review. Send nothing.

    \b
    Examples:
      seawall respond notify draft case/case.toml
      seawall respond notify draft case/case.toml --scope scope/scope.json --recipient anna

    A recipient gets no second letter with the same content. After a change the recipient gets a correction that states it.
    """
    from seawall.report.notification import show_draft
    from seawall.response.notification.case_file import read_case
    from seawall.response.notification.drafts import FINAL, FOLDER, draft_to_document
    from seawall.response.notification.drafts import write_draft as made_of

    read = read_case(case)
    made = made_of(
        read,
        scope_of(case, scope),
        case.parent,
        at=read_wall_clock(),
        fonts=tuple(fonts or ()),
        only=tuple(recipient or ()),
        step=_print_answer,
    )
    if as_json:
        output.answer_json(draft_to_document(made))
    else:
        output.answer(lambda console: show_draft(console, made))
    output.say(
        *made.notes, f"{plural(len(made.letters), 'letter')} in {case.parent / FOLDER / FINAL}: review them"
    )
    output.next_step(
        f"seawall respond notify send {output.quote_path(case)} --draft {made.digest[:12]} --approved-by NAME"
    )


def _print_answer(done: int, of: int) -> None:
    if of >= _MANY and (done % _MANY == 0 or done == of):
        output.say(f"{done:,} of {of:,} letters")


def send(
    case: CaseFile,
    draft: Annotated[
        str,
        typer.Option(
            "--draft",
            metavar="DIGEST",
            help="Digest of the draft, as `draft` printed it.",
            show_default=False,
        ),
    ],
    approved_by: Annotated[
        str | None,
        typer.Option(
            "--approved-by",
            metavar="NAME",
            help="Send the letters: name of the person who reviewed and approved them.",
        ),
    ] = None,
    resend: Annotated[
        list[str] | None,
        typer.Option("--resend", metavar="ID", help="Send again to this recipient. May be repeated."),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store", metavar="DIR", help="Also record the register's head in this store's audit trail."
        ),
    ] = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show which letters of a draft would be sent, and to whom. With --approved-by, send each letter once.

    \b
    Examples:
      seawall respond notify send case/case.toml --draft 3f2a9c1b7d40
      seawall respond notify send case/case.toml --draft 3f2a9c1b7d40 --approved-by "Eva Muster"
      seawall respond notify send case/case.toml --draft 3f2a9c1b7d40 --approved-by "Eva Muster" --resend anna

    If a run stopped between sending and recording, delivery is unknown. Only --resend sends such a letter again.

    \b
    Exit codes: 0 every letter was sent, now or earlier, 1 a delivery failed or is unknown, 2 usage.
    """
    from seawall.report.notification import show_planned, write_planned_document
    from seawall.response.notification.case_file import read_case
    from seawall.response.notification.register import NotificationRegister
    from seawall.response.notification.sending import load_approved_draft, plan_deliveries

    read = read_case(case)
    found = load_approved_draft(case.parent, read, draft)
    if approved_by is not None:
        _print_sent(
            case,
            found,
            require_person(approved_by, "--approved-by"),
            tuple(resend or ()),
            store,
            database,
            as_json=as_json,
        )
        return
    planned = plan_deliveries(read, found, NotificationRegister.read(case.parent), resend=tuple(resend or ()))
    if as_json:
        printed = [{"recipient": one.recipient, "version": one.version} for one in found.printed_letters]
        output.answer_json(
            {"sent": False, "planned": [write_planned_document(one) for one in planned], "printed": printed}
        )
    else:
        output.answer(lambda console: show_planned(console, planned, found.printed_letters))
    output.say("nothing was sent")
    output.next_step(f"the same with --approved-by NAME, once somebody has reviewed {case.parent / 'drafts'}")


def _print_sent(
    case: Path,
    found: LetterDraft,
    by: str,
    resend: Sequence[str],
    store: Path | None,
    database: str | None,
    *,
    as_json: bool,
) -> None:
    from seawall.report.notification import result_document, show_results
    from seawall.response.notification.case_file import read_case
    from seawall.response.notification.drafts import final_folder as letter_folder
    from seawall.response.notification.register import NotificationRegister
    from seawall.response.notification.sending import DraftSender, count_outcomes
    from seawall.response.notification.transports import make_transports

    read = read_case(case)
    sender = DraftSender(read, case.parent, make_transports(read, case.parent), read_wall_clock)
    results: list[DeliveryResult] = []
    try:
        for result in sender.send(found, by=by, resend=resend):
            results.append(result)
            one, outcome = result.planned, result.outcome
            if outcome is not None:
                output.say(f"{one.letter.recipient} by {one.way}: {outcome.state} {outcome.reason}".rstrip())
    finally:
        register = NotificationRegister.read(case.parent)
        if store is not None and register.head.sequence:
            note_head(register, read.case.id, store, database)
    for letter in found.printed_letters[:_SAID]:
        place = letter_folder(case.parent, letter.recipient, letter.version)
        record = f"seawall respond notify record {output.quote_path(case)} --recipient {letter.recipient}"
        output.say(
            f"{letter.recipient}: print {place / 'letter.pdf'}, hand it over, then: {record}"
            ' --way "in person" --by NAME'
        )
    more = len(found.printed_letters) - _SAID
    if more > 0:
        output.say(f"{more:,} more to print, in {case.parent / 'letters'}; `register` lists all")
    counts = count_outcomes(results)
    if as_json:
        document = {
            "sent": True,
            "counts": counts,
            "results": [result_document(result) for result in results],
        }
        output.answer_json({**document, "head": str(register.head)})
    else:
        output.answer(lambda console: show_results(console, results, found.printed_letters))
    told = [f"{count} {name}" for name, count in counts.items()]
    if found.printed_letters:
        told.append(f"{len(found.printed_letters)} on paper")
    output.say(", ".join(told) or "there was nothing to send")
    output.next_step(f"seawall respond notify register {output.quote_path(case)}")
    if any(counts.get(name) for name in ("failed", "unsure", "needs --resend", "not tried")):
        raise typer.Exit(1)


def note_head(register: NotificationRegister, case: str, store: Path, database: str | None) -> None:
    """Record the head of a register in a store's audit trail, so that truncation is detected."""
    from seawall.storage.database import Database
    from seawall.storage.location import check_folder, database_place

    check_folder(store)
    opened = Database.open(database_place(store, database))
    try:
        with opened.writing() as work:
            work.audit.append(
                at=read_wall_clock(),
                actor="local",
                action="notify.register",
                subject=case,
                details={"head": str(register.head)},
            )
    finally:
        opened.close()
