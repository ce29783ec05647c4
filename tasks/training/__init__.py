"""What every network needs to be trained."""
