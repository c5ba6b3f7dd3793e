"""Make the tables that an analyst asks for, from the results of a scan or from a store, and compare two results."""
