"""Benchmarks: what a user would notice, each beside what they would use instead, measured in the same run.

`python -m benchmarks` prints the table; `docs/benchmarks.md` says how to read it.
"""
