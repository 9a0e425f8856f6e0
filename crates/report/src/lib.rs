//! Runs to polars frames, tables and plotters figures, one HTML page and one Markdown file.
