"""Sigma rules on columns: read from folders, asked once for each distinct value, weighed by how often they fire."""
