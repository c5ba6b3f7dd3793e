"""`seawall erase`: erase a person from a store and from results, with a receipt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson, DatabaseUrl
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.pipeline.erasure.receipt import ErasureReceipt


def erase(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Account name or address of the person.")],
    store: Annotated[
        Path | None, typer.Option("--store", metavar="DIR", help="Folder of the data store.")
    ] = None,
    database: DatabaseUrl = None,
    results: Annotated[
        list[Path] | None,
        typer.Option("--results", metavar="DIR", help="Folder of results, letters or journals (repeatable)."),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also", metavar="NAME", help="Display name or another name of the person (repeatable)."
        ),
    ] = None,
    reference: Annotated[
        str, typer.Option("--reference", metavar="TEXT", help="Your number of the request, for the receipt.")
    ] = "",
    receipts: Annotated[
        Path | None,
        typer.Option("--receipts", metavar="DIR", help="Folder of the receipt, else DIR/erasures."),
    ] = None,
    delete_unreadable: Annotated[
        bool,
        typer.Option(
            "--delete-unreadable", help="Delete PDF files, archives and others that cannot be rewritten."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what would be erased; change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Replace every name of a person by a token that leads back to nobody, and search everything again.

    \b
    Examples:
      seawall erase anna@example.org --store /var/lib/seawall --results out --dry-run
      seawall erase anna@example.org --store /var/lib/seawall --results out --also "Anna Berger"
      seawall erase anna@example.org --results out --reference "request 2026-17"

    Stop `watch`, `serve` and `run` first. After an interruption, run the same command again: it goes on with the same
    token. Exit code 1: the search found a name, or a file could not be searched.
    """
    from seawall.pipeline.erasure.erasing import ErasureRequest, erase_person

    request = ErasureRequest(
        account=account, aliases=tuple(also or ()), store=store, database=database, folders=tuple(results or ()),
        receipts=receipts, reference=reference, is_rehearsal=dry_run, should_delete=delete_unreadable,
    )  # fmt: skip
    receipt = erase_person(request)
    if as_json:
        import msgspec

        output.answer_json(msgspec.to_builtins(receipt))
    else:
        output.write("".join(f"{line}\n" for line in _list_lines(receipt, request.receipt_folder)))
    if receipt.state == "incomplete":
        raise typer.Exit(1)


def _list_lines(receipt: ErasureReceipt, folder: Path) -> list[str]:
    verb = "would be erased" if receipt.state == "rehearsal" else "erased"
    total = sum(one.changed for one in receipt.erased)
    lines = [f"{verb}: the name in {plural(total, 'place')}"]
    lines += [f"  {one.changed:>8,}  {one.kind} in {one.place}" for one in receipt.erased]
    lines += ["kept:", *(f"  {one.what}: {one.why}" for one in receipt.kept)]
    if receipt.left:
        lines += [
            "NOT ERASED, the name is or may be in:",
            *(f"  {one.what}: {one.why}" for one in receipt.left),
        ]
        lines.append(
            "make them again without the name, or delete them: the same command with --delete-unreadable"
        )
    check = receipt.check
    if check is not None:
        searched = f"{plural(check.files, 'file')}, {check.bytes:,} bytes, {plural(check.values, 'value')} of the database"
        lines.append(
            f"searched again: {searched}; the name occurs in {'no other' if receipt.left else 'none'}"
            if not check.found
            else f"searched again: {searched}; THE NAME STILL OCCURS in {', '.join(check.found)}"
        )
        lines.append(f"receipt: {folder / receipt.token}.json (no name in it)")
    return lines
