"""Tools for developing the project, each with a README and its own tests."""
