"""Score an organisation whose accounts are cut into parts, with the results of the whole to the byte."""
