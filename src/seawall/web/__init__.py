"""Hold what both servers share: listed peers, one-time codes and probes."""
