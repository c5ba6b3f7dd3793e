"""Make the fixtures of `tests/upgrade` with code from before the rebuild: `python -m tools.upgrade_fixtures ORIGIN OUT`.

ORIGIN is a checkout of commit f36754f; run this with that checkout's interpreter, under libfaketime
(`tests/upgrade/README.md` has the command line). It writes OUT/NAME.tar.xz. The results in `tests/upgrade/fixtures` are
permanent and are not made again.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tools.upgrade_fixtures.response import make_collected, make_containment, make_notification, make_signals
from tools.upgrade_fixtures.running import MOMENT, inside
from tools.upgrade_fixtures.stores import make_rescored, make_results, make_stores
from tools.upgrade_fixtures.tokens import make_gate, make_keys, make_step_up, make_tokens


def pack(folder: Path, target: Path) -> None:
    """Write a folder as an archive whose bytes depend on its content alone."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime, member.uid, member.gid, member.uname, member.gname = MOMENT, 0, 0, "", ""
        return member

    with tarfile.open(target, "w:xz", preset=9) as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, str(path.relative_to(folder)), recursive=False, filter=plain)


KINDS: Final[Mapping[str, Callable[[Path], None]]] = {
    "results": make_results,
    "containment": make_containment,
    "stores": make_stores,
    "rescored": make_rescored,
    "notification": make_notification,
    "signals": make_signals,
    "collected": make_collected,
    "tokens": make_tokens,
    "gate": make_gate,
    "step_up": make_step_up,
    "keys": make_keys,
}


def main(origin: Path, out: Path, *kinds: str) -> None:
    """Make all kinds, or those named: `stores` and `gate` only together with those they depend on."""
    sys.path.insert(0, str(origin))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "commits").mkdir()
        for kind, make in KINDS.items():
            if not kinds or kind in kinds:
                with inside(work / kind):
                    make(origin)
                if kind == "rescored":
                    shutil.copy(work / kind / "rescored.json", out)
                else:
                    pack(work / kind, out / f"{kind}.tar.xz")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), *sys.argv[3:])
