"""Maintenance of the project: lock files, shipped tables, tables in docs, programs that tests need."""
