"""`seawall demo`: a made-up organisation with staged intruders, scanned as any other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import streams

DEFAULT_OUT = Path("seawall-demo")


def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the made-up logs and the results.")
    ] = DEFAULT_OUT,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number makes another organisation.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no messages.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")] = False,
) -> None:
    """Make an organisation's logs, stage intruders in them, and find them.

    \b
    Examples:
      seawall demo
      seawall demo --seed 7 --out /tmp/demo
    """
    from seawall.cli import results, scan
    from seawall.lab import make_world
    from seawall.lab.demo import demo_settings
    from seawall.settings import ScanSettings

    logs = out / "logs"
    if not quiet:
        streams.say(f"making a tenant's logs in {logs}")
    world = make_world(demo_settings(seed), logs)
    result = scan.run([logs], out, ScanSettings(), quiet=quiet)
    if as_json:
        streams.answer_json(results.document(result, out))
    else:
        results.show(result)
    if quiet:
        return
    results.tell(result, out)
    streams.say(str(world))
    streams.next_step(f"seawall explain 1 --out {streams.quoted(out)}")
