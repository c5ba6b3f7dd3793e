"""Judge exported configuration against security baselines: what is met, what is not, and what cannot be said."""
