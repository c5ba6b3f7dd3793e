"""Refusals of check 13: what may be the credential for a new token."""

from __future__ import annotations
