"""The native API: what zaffre_sdk speaks."""
