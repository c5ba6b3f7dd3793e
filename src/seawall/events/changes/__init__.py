"""Read what accounts changed: rules, permissions, consents, roles, methods, with the names of what they changed."""
