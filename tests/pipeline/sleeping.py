"""A process for tests of supervision: it writes its number into a folder, and sleeps; `deaf` ignores a request to end."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    if "deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(120)
