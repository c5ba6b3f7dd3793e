"""Containment: plans that say what is to be done, in order; their journal, their application and their undoing."""
