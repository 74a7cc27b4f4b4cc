"""Tools for whoever changes the project, each with a README and its own tests."""
