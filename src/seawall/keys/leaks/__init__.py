"""Search for leaked private keys: own files, dumps and logs, own keys. Key material never leaves this room."""
