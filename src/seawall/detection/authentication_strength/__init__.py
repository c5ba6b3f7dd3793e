"""Judge how strongly sign-ins were authenticated, and which account-takeover attacks would still succeed."""
