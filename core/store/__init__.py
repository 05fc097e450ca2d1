"""DuckDB and Parquet: what is computed once and read for ever."""
