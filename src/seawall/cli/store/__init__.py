"""The verbs of `seawall store`: check, prune, back up and restore the data store."""
