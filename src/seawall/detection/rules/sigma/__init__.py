"""Run Sigma rules on columns: read them from folders, test each distinct value once, and weigh rules by how rarely they fire."""
