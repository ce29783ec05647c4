"""Whether inputs and predictions drift from those of training."""
