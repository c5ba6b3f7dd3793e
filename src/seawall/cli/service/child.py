"""A verb as a process of the service: `python -m seawall.cli.service.child VERB...`. It ends with the service.

Its standard input is a pipe that the service holds open. When the pipe closes, the service has ended, however that came.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Final

from seawall.cli.main import main

END_SECONDS: Final = 30.0
"""How long the verb may take to end in order once the service is gone."""


def follow_service(descriptor: int = 0) -> None:
    """Wait for the end of the pipe; then end this process, in order if it can."""
    while True:
        try:
            if not os.read(descriptor, 4096):
                break
        except InterruptedError:
            continue
        except OSError:
            break
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(END_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=follow_service, daemon=True, name="service").start()
    if os.name == "posix":
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # Ctrl-C reaches all processes; the service decides when to end
    sys.exit(main(sys.argv[1:]))
