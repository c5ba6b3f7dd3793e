"""The console's TAXII 2.1 server: two collections of indicators, for other organisations with a token."""
