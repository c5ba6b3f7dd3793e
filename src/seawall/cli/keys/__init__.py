"""The verbs of `seawall keys`: audit key sets, search for leaked keys, make sketches."""
