"""Every step from an empty database to the present schema."""
