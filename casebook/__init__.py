"""The machinery beneath the tasks: where artifacts live, when a stage is run or reused, how a case is started."""
