"""Run `seawall watch`: store, score, rank and announce arriving events, each exactly once, without end."""
