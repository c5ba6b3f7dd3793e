"""Strict verification of tokens: fifteen numbered checks, every refusal one class with a stable code."""
