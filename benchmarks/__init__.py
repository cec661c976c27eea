"""Measurements and long proofs, run by hand or by a small sample in the tests: `python -m benchmarks.<name> --help`."""
