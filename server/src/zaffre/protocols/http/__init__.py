"""What every door needs: authentication, strict JSON, limits, errors."""
