"""What drives the price of a car."""
