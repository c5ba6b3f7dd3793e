"""Read logs of Microsoft 365 and Entra ID."""
