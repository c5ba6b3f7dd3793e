"""The command line: one file a verb; parses, calls and shows, and holds no logic of its own."""
