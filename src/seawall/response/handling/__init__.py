"""Handle incidents together: audited changes, and everything that was gathered about one incident."""
