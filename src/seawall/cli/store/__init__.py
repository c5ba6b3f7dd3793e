"""The verbs of `seawall store`: check, prune, back up and restore what watch and serve keep."""
