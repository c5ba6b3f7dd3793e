"""Seawall as one service that runs without anybody: its processes, its units for systemd, and how it is."""
