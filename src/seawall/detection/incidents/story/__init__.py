"""Tell what the intruder did: acts from the records, and one true sentence for each."""
