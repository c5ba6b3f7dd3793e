"""Speak to Microsoft, Google and Okta as an application: hosts, access tokens, retries, advice on errors."""
