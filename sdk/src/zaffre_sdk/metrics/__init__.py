"""Metrics on their way from a program to its server, never in the way of the program."""

from zaffre_sdk.metrics.replay import ReplayReport, replay
from zaffre_sdk.metrics.sender import MetricSender

__all__ = ["MetricSender", "ReplayReport", "replay"]
