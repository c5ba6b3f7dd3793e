"""What is shipped for running Seawall elsewhere, checked as far as it can be here."""
