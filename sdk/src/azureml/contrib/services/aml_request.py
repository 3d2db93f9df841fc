"""Whole requests for scoring scripts."""

from zaffre_sdk.scoring.raw import RawRequest as AMLRequest
from zaffre_sdk.scoring.raw import raw_http as rawhttp

__all__ = ["AMLRequest", "rawhttp"]
