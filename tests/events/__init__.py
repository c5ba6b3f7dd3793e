"""Tests of `seawall.events.readers`."""
