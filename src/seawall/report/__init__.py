"""Renders incidents for a person: terminal and one self-contained HTML page."""
