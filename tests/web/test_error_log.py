"""What the log says of an unexpected error."""

from __future__ import annotations

import logging

import pytest

from seawall.web.error_log import log_unexpected_error


def test_the_log_names_type_and_line_and_never_the_text(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("seawall.test")
    try:
        int("a secret of a client")
    except ValueError as error:
        log_unexpected_error(log, "/verify", error)
    log_unexpected_error(log, "start", KeyError("a secret of a client"))
    first, second = caplog.messages
    assert first.startswith("/verify: unexpected ValueError at ")
    assert "test_error_log.py:" in first
    assert second == "start: unexpected KeyError at ?"
    assert "secret" not in caplog.text
