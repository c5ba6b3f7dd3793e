"""The console: its API, sign-in, and the pages that the browser loads."""
