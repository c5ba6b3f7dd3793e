"""Proves to vendors who asks: access tokens by the vendors' own libraries, renewed when they end or are refused."""
