"""The versions of the database's schema, each from the one before."""
