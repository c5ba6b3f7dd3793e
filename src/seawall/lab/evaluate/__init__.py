"""Scan labelled worlds with the public API and measure detection."""

from __future__ import annotations

from seawall.lab.evaluate.run import run

__all__ = ["run"]
