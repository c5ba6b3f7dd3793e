"""Compile the inner loops of the searches to machine code."""
