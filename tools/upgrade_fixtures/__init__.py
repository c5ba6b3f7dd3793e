"""Makes the fixtures of `tests/upgrade` with the code of before the rebuild; see `tests/upgrade/README.md`."""
