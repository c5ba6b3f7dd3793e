"""Answer assistants by the Model Context Protocol: fixed, typed, read-only tools, with text from logs marked."""
