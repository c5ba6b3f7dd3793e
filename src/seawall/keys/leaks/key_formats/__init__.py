"""Recognise and read private keys in every format that holds one, anywhere in other bytes."""
