"""The families of test cases, one module each."""
