"""The machinery beneath the tasks: artifact locations, stage execution and reuse, case start-up."""

from casebook import lazy

lazy.install()  # before any module below imports a library
