"""Turn rows of tables that vendors' consoles export back into the vendors' records."""
