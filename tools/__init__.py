"""What keeps the project itself: lock files, shipped tables, tables of the docs, programs that tests need."""
