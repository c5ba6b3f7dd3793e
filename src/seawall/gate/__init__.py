"""What listens on a socket: the gate that asks for a valid token before a request reaches an application."""
