"""Plan containment steps in order, apply them, journal them and undo them."""
