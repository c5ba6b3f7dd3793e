"""Let only requests with a valid token through to applications, as a forward-auth server."""
