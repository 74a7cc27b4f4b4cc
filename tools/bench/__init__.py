"""The benchmark, which compares what the project does with the alternatives. See `__main__`."""
