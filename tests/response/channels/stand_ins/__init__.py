"""Stand-ins for the vendors' servers. Each was written from the vendor's documentation, and refuses what the vendor refuses."""
