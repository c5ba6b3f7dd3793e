"""`seawall indicators`: exchange indicators with other organisations over TAXII 2.1, and match them."""
