"""The stores in SQL."""

from zaffre.adapters.sql.database import open_database

__all__ = ["open_database"]
