"""What is sent to other programs over HTTPS: messages to webhooks, signed, and never more than asked for."""
