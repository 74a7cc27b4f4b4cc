"""The benchmark, which compares the project with its peers. See `__main__`."""
