"""Migrations of the database schema, one file in `versions` for each change."""
