"""The stores, one file per noun."""
