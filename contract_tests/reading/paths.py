"""The paths of the API: one from the two documents (R02), the others as the vendor publishes them."""

_ROOT = "/kling/v1/general"
ELEMENTS = f"{_ROOT}/advanced-custom-elements"
PRESETS = f"{_ROOT}/advanced-presets-elements"
DELETION = f"{_ROOT}/delete-elements"
