"""The one settings file of `scan`, `watch`, `serve` and `run`: its tables, and the options that they fill."""
