"""A watch on a disk that is full for a while: `python -m tests.pipeline.live.filling FOLDER STORE`.

Prints what it says meanwhile.

Once something is kept, no file may become larger than a few kilobytes, until some seconds later it may.
"""

from __future__ import annotations

import resource
import signal
import sys
import threading
from pathlib import Path

from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.service import WatchService
from seawall.pipeline.live.status import WatchStatus
from tests.pipeline.live.watching import settings

FULL_BYTES = 20_000
FULL_SECONDS = 4.0


def main(folder: Path, store: Path) -> None:
    """Watch until everything is read and scored."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    chosen, said = settings(folder, store), list[str]()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def heard(status: WatchStatus) -> None:
        if status.records and not timer.ident:
            resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_BYTES, hard))
            timer.start()
        if status.fault and status.fault not in said:
            said.append(status.fault)

    def free() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    timer = threading.Timer(FULL_SECONDS, free)
    with open_watch_store(chosen, print) as (database, lake):
        service = WatchService(chosen, database, lake)
        service.subscribe(heard)
        try:
            service.run(threading.Event(), "once")
        finally:
            timer.join()
    sys.stdout.write("\n".join(said) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
