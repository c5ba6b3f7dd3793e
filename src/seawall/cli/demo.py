"""`seawall demo`: scan a made-up organisation with staged attacks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from seawall.pipeline.scan import ScanResult

DEFAULT_OUT = Path("seawall-demo")


def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the made-up logs and the results.")
    ] = DEFAULT_OUT,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed of the organisation.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Generate the logs of a made-up organisation with staged attacks, then scan them.

    \b
    Examples:
      seawall demo
      seawall demo --seed 7 --out /tmp/demo
    """
    from seawall.cli import results, scan
    from seawall.lab.worlds import make_world
    from seawall.lab.worlds.demo import demo_settings
    from seawall.pipeline.scan import ScanSettings
    from seawall_base.private_files import make_folder

    is_there = _is_made_before(seed, out / "truth.json")
    if not quiet and not is_there:
        output.say(f"making an organisation's logs in {out / 'logs'} (made up, with staged attacks)")
    if not is_there:
        make_folder(out)
        make_world(demo_settings(seed), out)
    result = scan.run([out / "logs"], out, ScanSettings(), quiet=quiet)
    found, staged = _stage(result, out / "truth.json")
    if as_json:
        comparison = {"staged_attacks": staged, "staged_attacks_raised": found}
        output.answer_json({**results.document(result, out), **comparison})
    else:
        results.show(result, out)
    if quiet:
        return
    results.print_summary(result, out)
    output.say(f"{found} of {staged} staged attacks are among the raised incidents")
    scan.tell_next(result, out)


def _is_made_before(seed: int, truth: Path) -> bool:
    """Whether an earlier run left the same world there: equal seeds give equal bytes."""
    import msgspec

    try:
        document = msgspec.json.decode(truth.read_bytes())
    except (OSError, ValueError):
        return False
    settings = document.get("settings", {}) if isinstance(document, dict) else {}
    return bool(settings.get("seed") == seed)


def _stage(result: ScanResult, truth: Path) -> tuple[int, int]:
    """How many staged attacks have a record in a raised incident, and how many there are."""
    import msgspec

    raised = {event for incident in result.incidents if incident.raised for event in incident.events}
    document: dict[str, Any] = msgspec.json.decode(truth.read_bytes())
    attacks = document["attacks"]
    return sum(not raised.isdisjoint(attack["events"]) for attack in attacks), len(attacks)
