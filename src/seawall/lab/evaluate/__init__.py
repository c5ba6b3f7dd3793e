"""Replays labelled worlds through the public face and measures."""

from __future__ import annotations

from seawall.lab.evaluate.run import run

__all__ = ["run"]
