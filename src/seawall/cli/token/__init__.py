"""The verbs of `seawall token`: judge tokens, revoke them, test verifiers."""
