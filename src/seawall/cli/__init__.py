"""Parse commands, call the rooms below, and print the answer."""
