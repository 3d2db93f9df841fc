"""Whole responses of scoring scripts."""

from zaffre_sdk.scoring.raw import RawResponse as AMLResponse

__all__ = ["AMLResponse"]
