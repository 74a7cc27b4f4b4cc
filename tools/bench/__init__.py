"""The benchmark: what the project does, measured beside what else there is to do it with. See `__main__`."""
