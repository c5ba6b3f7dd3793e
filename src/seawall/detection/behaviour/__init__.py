"""Learn what each account usually does, and measure how far a day departs from it."""
