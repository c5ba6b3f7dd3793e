"""Run the stages of a scan over a cluster of Apache Spark, in batches and as a stream, with tables beside the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seawall.spark.batch import scan
    from seawall.spark.session import open_session
    from seawall.spark.settings import SparkSettings

__all__ = ["SparkSettings", "open_session", "scan"]

_PLACES = {"scan": "batch", "open_session": "session", "SparkSettings": "settings"}


def __getattr__(name: str) -> Any:
    """Import what a notebook asks for only then, so that the command line answers without Spark."""
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(f"seawall.spark.{_PLACES[name]}"), name)
    raise AttributeError(name)
