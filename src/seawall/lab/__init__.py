"""Makes fictional tenants: vendor-shaped raw logs, and the truth in a separate file."""
