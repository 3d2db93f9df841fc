"""SQLite through SQLAlchemy Core: tables, stores, transactions, migrations."""
