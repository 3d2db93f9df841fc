"""Runners on machines that have a Python and nothing of ours.

`agent` is what is sent there: modules of the standard library alone, which run on Python 3.8 and
are loaded from text, so that nothing has to be installed first. `parcel` says what to send.
"""
