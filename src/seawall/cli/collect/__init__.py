"""The verbs of `seawall collect`: fetch logs, and report what is missing."""
