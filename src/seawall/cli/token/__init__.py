"""The verbs of `seawall token`: verify and revoke tokens, test verifiers."""
