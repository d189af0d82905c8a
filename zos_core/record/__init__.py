"""What outlives a machine: storage (and recordings) in SQLite files, written by threads outside the machine."""
