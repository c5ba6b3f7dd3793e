"""Group the detectors' candidates into incidents, rank them and explain them."""
