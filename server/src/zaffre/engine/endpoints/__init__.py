"""Endpoints: their replicas run as their specifications say.

Each endpoint has a keeper, a task that deploys one generation after the other and keeps the
replicas of the serving one alive. The old generation serves until the new one answers.
"""
