"""What the account usually does, and how far today is from it."""
