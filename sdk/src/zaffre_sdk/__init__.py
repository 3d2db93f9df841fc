"""The client of a zaffre server, and what runs inside runs and replicas."""
