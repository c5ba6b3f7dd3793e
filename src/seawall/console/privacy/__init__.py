"""Show pseudonyms in place of the names of persons, and reveal a person for a reason and a time."""
