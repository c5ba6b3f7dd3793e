"""Turn raw logs of any vendor into columnar events with networks, then into integer codes."""
