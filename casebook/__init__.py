"""The machinery beneath the tasks: artifact locations, stage execution and reuse, case start-up."""
