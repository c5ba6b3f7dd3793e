"""Write and read the files of a scan."""
