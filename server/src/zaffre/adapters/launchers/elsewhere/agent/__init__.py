"""What works on another machine: makes environments, starts runners, looks after them.

These modules see the standard library and one another only, and run on Python 3.8: they are sent
as text to machines that have nothing else.
"""
