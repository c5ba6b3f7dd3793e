"""Make keyed sketches of private keys, and search bytes for the numbers that they recognise."""
