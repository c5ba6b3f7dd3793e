"""Fetches issuers' keys, keeps them fresh, and holds back those that are new or gone."""
