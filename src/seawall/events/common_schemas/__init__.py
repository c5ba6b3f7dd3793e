"""Turn records of common schemas (ECS, OCSF) back into the vendor's, where the vendor's text was not kept."""
