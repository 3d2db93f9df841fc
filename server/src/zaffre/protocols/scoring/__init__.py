"""The scoring door: requests in, answers of replicas out."""
