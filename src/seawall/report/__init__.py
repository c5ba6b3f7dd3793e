"""Show incidents and other results as pages, terminal tables and documents."""
