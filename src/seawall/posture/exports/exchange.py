"""Declare the exports of exchange."""

from __future__ import annotations

from seawall.posture.exports.export import Export

EXCHANGE: tuple[Export, ...] = ()
