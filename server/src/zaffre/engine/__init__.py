"""What happens by itself: claims, leases, launches."""
