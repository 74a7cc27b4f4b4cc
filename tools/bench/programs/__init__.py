"""The programs that the benchmark measures. Each module runs in one fresh process and prints its figures."""
