"""Runs that execute user code, from the queue to their end: one file per state.

Every step claims a run, loads it, decides by a pure function of the run and of what was seen, and
applies the decision in one transaction that is guarded by the state and the attempt it saw.
"""
