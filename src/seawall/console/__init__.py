"""Serve the browser console: its API, sign-in and pages."""
