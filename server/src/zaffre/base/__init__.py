"""Ids, clock, paging, text and logging: the standard library and nothing of ours."""
