"""Known techniques, each a small detector."""
