"""`seawall rules`: list, test, explain and measure Sigma rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output, rule_health
from seawall.cli.store.options import AsJson
from seawall_base.errors import UsageError
from seawall_base.plurals import plural
from seawall_base.safe_text import visible

if TYPE_CHECKING:
    from seawall.detection.rules.sigma.model import RuleDescription, SkippedRule
    from seawall.detection.rules.sigma.run import RuleSet

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
FAILED = 1

Folders = rule_health.Folders


@app.callback()
def rules() -> None:
    """List, test, explain and measure Sigma rules.

    \b
    Examples:
      seawall rules list --rules sigma/
      seawall rules test my-rules/
      seawall rules explain 0a2b6a5c-6f4e-4d1c-9d6d-2c1f1f0a5b11
      seawall rules health exports/ --days 30
    """


@app.command("list", short_help="List every rule: level, tags, state.")
def list_rules(folders: Folders = None, as_json: AsJson = False) -> None:
    """List every rule: level, tags, and why it is skipped or cannot match.

    \b
    Examples:
      seawall rules list
      seawall rules list --rules sigma/ --json
    """
    from seawall.detection.rules.sigma.rule_summary import summarise_rules

    loaded = _load(folders)
    rows = [{**_row(about, "runs"), "is_part": about.id in loaded.parts} for about in loaded.abouts]
    rows += [_skip_row(one.file, one.reason, one.about) for one in loaded.skipped]
    rows.sort(key=lambda row: (row["file"], row["id"] or ""))
    if as_json:
        counts = {"loaded": len(loaded), "cannot_hit": loaded.idle, "skipped": len(loaded.skipped)}
        output.answer_json({"rules": rows, **counts})
        return
    for row in rows:
        why = f"  SKIPPED: {row['reason']}" if row["status"] == "skipped" else ""
        why = "  PART of a correlation rule" if row["id"] in loaded.parts else why
        why = f"  CANNOT HIT: {row['cannot_hit']}" if row.get("cannot_hit") else why
        tags = f"  [{', '.join(row['tags'])}]" if row["tags"] else ""
        said = f"{row['level'] or '-':13} {row['id'] or '-'}  {row['title'] or row['file']}{tags}{why}"
        output.write(visible(said) + "\n")
    output.say(summarise_rules(loaded)[0])


@app.command("test", short_help="Test rules on the records beside them.")
def try_rules(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of rules, with test records beside them.")
    ],
    as_json: AsJson = False,
) -> None:
    """Test each rule x.yml: x.positive.jsonl must match, x.negative.jsonl must not.

    \b
    Examples:
      seawall rules test my-rules/
      seawall rules test my-rules/ --json

    Exit code 1: a rule fails.
    """
    from seawall.lab.evaluate.rule_trials import trials

    found = list(trials(folder))
    failed = [trial for trial in found if trial.faults]
    if as_json:
        rows = [
            {
                **_row(one.about, "failed" if one.faults else "passed"),
                "records": one.records,
                "faults": one.faults,
            }
            for one in found
        ]
        output.answer_json({"rules": rows, "passed": len(found) - len(failed), "failed": len(failed)})
    else:
        for trial in failed:
            output.write("".join(visible(f"{trial.about.file}: {fault}") + "\n" for fault in trial.faults))
        passed = len(found) - len(failed)
        verb = "passes" if passed == 1 else "pass"
        output.say(
            f"{plural(passed, 'rule')} {verb}, {len(failed):,} {'fails' if len(failed) == 1 else 'fail'}"
        )
    if failed:
        raise typer.Exit(FAILED)


@app.command("explain", short_help="Explain a rule: detections, blind spots, fields.")
def explain_rule(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Id of the rule, or name of its file.")],
    folders: Folders = None,
    as_json: AsJson = False,
) -> None:
    """Explain a rule: what it detects and misses, false positives, and the source of each field.

    \b
    Examples:
      seawall rules explain inbox_rule_forwards
      seawall rules explain my-rule --rules my-rules/ --json
    """
    loaded = _load(folders)
    name = rule.lower()
    wanted = [about for about in loaded.abouts if name in (about.id, Path(about.file).stem.lower())]
    wanted.sort(key=lambda about: (about.id != name, about.id in loaded.parts))
    if not wanted:
        reasons = [one.reason for one in loaded.skipped if name in _names(one)]
        why = f": {reasons[0]}" if reasons else ""
        raise UsageError(f"no rule {rule} runs{why}", fix="run `seawall rules list` for the rules that run")
    document = _explain(loaded, wanted[0])
    if as_json:
        output.answer_json(document)
        return
    lines = [
        f"{document['title']} ({document['level']})",
        document["description"],
        f"file: {document['file']}",
        f"looks at: {document['logsource']}",
        f"cannot hit: it {document['cannot_hit']}" if "cannot_hit" in document else "",
    ]
    lines += [
        f"{name.replace('_', ' ')}: {'; '.join(document[name])}"
        for name in ("techniques", "misses", "false_positives")
        if document[name]
    ]
    for field, families in document["fields"].items():
        said = "; ".join(
            f"{family}: {' or '.join(columns) or 'not kept'}" for family, columns in families.items()
        )
        lines.append(f"field {field}: {said}")
    output.answer_paragraphs(line for line in lines if line)


app.command("health", short_help="Measure rules on logs: noisy, never hit, cannot hit.")(rule_health.health)


def _load(folders: list[Path] | None) -> RuleSet:
    from seawall.detection.rules.sigma.load import load_rules

    return load_rules(tuple(folders or ()))


def _names(skipped: SkippedRule) -> tuple[str, ...]:
    own = (skipped.about.id,) if skipped.about else ()
    return (*own, Path(skipped.file).stem.lower())


def _row(about: RuleDescription, status: str) -> dict[str, Any]:
    row = {
        "id": about.id,
        "title": about.title,
        "level": about.level,
        "tags": list(about.tags),
        "file": about.file,
        "status": status,
    }
    return {**row, "cannot_hit": about.cannot_hit} if about.cannot_hit else row


def _skip_row(file: str, reason: str, about: RuleDescription | None) -> dict[str, Any]:
    row = _row(about, "skipped") if about else {"id": None, "title": None, "level": None, "tags": []}
    return {**row, "file": file, "status": "skipped", "reason": reason}


def _explain(loaded: RuleSet, about: RuleDescription) -> dict[str, Any]:
    return {
        **_row(about, "runs"),
        "description": about.description,
        "logsource": about.logsource,
        "techniques": list(about.techniques),
        "misses": list(about.misses),
        "false_positives": list(about.false_positives),
        "fields": loaded.fields_of(about.id),
    }
