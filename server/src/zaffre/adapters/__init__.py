"""One room per library that implements a port."""
