"""The modules of the package `kling_elements` itself."""
