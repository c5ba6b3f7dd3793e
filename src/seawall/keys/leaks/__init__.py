"""Search files, dumps and logs for leaked private keys. Findings never contain key material."""
