"""The tests of the product, in a folder for each package, and an independent second reading of the documents."""
