"""`seawall incident`: handle incidents of a store together. One file for each group of verbs."""

from __future__ import annotations

import typer

from seawall.cli.incident import documents as incident_documents
from seawall.cli.incident import handling as incident_handling
from seawall.cli.incident import merging as incident_merging

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def incident() -> None:
    """Handle incidents together: owner, status, due time, tags, tasks, comments, merging, report and summary.

    Detection never changes what is added here. The audit trail of the store records every change, by `local`.

    \b
    Examples:
      seawall incident show 1 --store seawall-store
      seawall incident set 3f9a --owner ann --status in-progress --due 2026-03-02T12:00:00Z
      seawall incident task 3f9a "Call the owner" --who bob
      seawall incident merge 3f9a 71c0 --why "one phishing mail"
      seawall incident summary 1 --out out --to summary.pdf
    """


app.command("show", short_help="Show how an incident is handled, and similar earlier ones.")(
    incident_handling.show
)
app.command("set", short_help="Set owner, status, due time and tags.")(incident_handling.set_handling)
app.command("comment", short_help="Add a comment.")(incident_handling.comment)
app.command("task", short_help="Add a task, or mark one as done.")(incident_handling.task)
app.command("merge", short_help="Make other incidents members of one.")(incident_merging.merge)
app.command("split", short_help="Undo a merge.")(incident_merging.split)
app.command("report", short_help="Write the report of starred records (HTML, PDF).")(
    incident_documents.report
)
app.command("summary", short_help="Write one page in plain words (PDF, HTML).")(incident_documents.summary)
