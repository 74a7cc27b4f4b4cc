"""Programs that tests run in a fresh process, as `python -m contract_tests.support.programs.NAME`."""
