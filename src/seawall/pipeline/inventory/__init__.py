"""List what lies in a folder of logs: each log, its span, the fields that detection needs, and what is missing."""
