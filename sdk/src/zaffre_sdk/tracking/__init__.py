"""What programs do with runs beyond single requests: find out which one they are, watch others."""
