"""Hold what both servers share: listen addresses, peers, passkeys, one-time codes, probes, OpenAPI and error logs."""
