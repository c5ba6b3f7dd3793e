"""Read Okta's System Log, as exported, sent by event hooks, or forwarded."""
