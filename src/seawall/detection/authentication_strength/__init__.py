"""How strongly sign-ins were authenticated, and which attacks on accounts would still get in."""
