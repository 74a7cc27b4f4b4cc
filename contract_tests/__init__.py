"""Every test of the project, and the second reading of the seeds that the tests judge by."""
