"""What the benchmark measures: each module is a program of its own, for one fresh process, and prints its figures."""
