"""The families of cases, one module each."""
