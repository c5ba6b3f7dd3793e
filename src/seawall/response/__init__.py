"""Answer an incident: scope, containment, notification, signals, export, and the attacker's return."""
