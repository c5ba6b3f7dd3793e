"""Seawall: a layered defence for cloud mail accounts.

PYTEST_DONT_REWRITE: the package brings a pytest plugin and has no assertions, so pytest must neither rewrite it nor warn
that it was imported before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seawall.version import __version__

if TYPE_CHECKING:
    from seawall.pipeline.scan import ScanResult, scan

__all__ = ["ScanResult", "__version__", "scan"]


def __getattr__(name: str) -> Any:
    """Import the engine only when it is asked for, so that `seawall --help` starts fast."""
    if name in {"scan", "ScanResult"}:
        from seawall.pipeline import scan as pipeline

        return getattr(pipeline, name)
    raise AttributeError(name)
