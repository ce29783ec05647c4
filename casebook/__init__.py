"""The machinery beneath the tasks.

Where artifacts live, when a stage is run or reused, how a case is started.
"""
