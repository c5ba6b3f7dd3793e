"""Read Okta's System Log, as it is exported, hooked and forwarded."""
