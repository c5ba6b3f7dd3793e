"""Tests of `seawall.sources`."""
