"""Keep processes running: start them again with growing pauses, notice those that hang, and say how they are."""
