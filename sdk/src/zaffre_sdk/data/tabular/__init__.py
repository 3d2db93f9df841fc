"""Records with columns, out of files and databases: read lazily, by DuckDB, Arrow and pandas."""
