"""Log unexpected errors of a server without text from clients."""

from __future__ import annotations

import logging


def log_unexpected_error(log: logging.Logger, where: str, error: BaseException) -> None:
    """Log an error's type, and the file and line that raised it.

    Its text is left out, because it may quote a client's request.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    line = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
    log.error("%s: unexpected %s at %s", where, type(error).__name__, line)
