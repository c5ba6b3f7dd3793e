"""Replay public incidents in a made-up organisation: would it have been seen, when, and what would have stopped it?"""
