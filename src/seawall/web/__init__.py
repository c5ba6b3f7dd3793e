"""Hold what both servers share: listen addresses, listed peers, passkeys, one-time codes and the log of unexpected errors."""
