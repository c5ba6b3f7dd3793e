"""The static site of the documentation: which pages it has, their order, and how Sphinx builds it."""
