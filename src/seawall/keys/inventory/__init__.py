"""Keep the inventory of trusted keys: what each issuer lists, since when, and what is wrong with it."""
