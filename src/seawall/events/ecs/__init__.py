"""Turn records of the Elastic Common Schema back into the vendor's, where the vendor's text was not kept."""
