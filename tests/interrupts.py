"""Programs that tests start can be interrupted, however the tests themselves were started."""

from __future__ import annotations

import signal


def hear_interrupts() -> None:
    """Take SIGINT again where whoever started this process had it ignored.

    A shell has it ignored in what it starts in the background (`make test &`, `nohup make test`), every program inherits
    that, and a program that ignores SIGINT rightly goes on to its end.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
