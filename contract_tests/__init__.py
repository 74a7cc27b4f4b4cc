"""The tests of the product, in a folder for each of its packages, and the second reading that they judge by."""
