"""Recomputes the figures of a report from the runs database, by formulas taken from the papers and the docs."""
