"""Read JSON lines as columns, with functions that numba compiles."""
