"""Shared basics of JSON Web Tokens and Keys: strict decoding, keys, key fitness, signatures."""
