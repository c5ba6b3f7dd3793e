"""Make the fixtures of `tests/upgrade` with code from before the rebuild; see `tests/upgrade/README.md`."""
