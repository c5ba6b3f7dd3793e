"""Build the documentation as a static site with Sphinx: its pages, and their order."""
