"""How fast pages are over years of records. See `python -m benchmarks.years --help`."""
