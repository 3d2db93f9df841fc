"""What programs do with endpoints beyond single requests: wait for them, and score."""
