"""The paths of the API: that of the two documents (R02), and those that the vendor publishes."""

_ROOT = "/kling/v1/general"
ELEMENTS = f"{_ROOT}/advanced-custom-elements"
PRESETS = f"{_ROOT}/advanced-presets-elements"
DELETION = f"{_ROOT}/delete-elements"
