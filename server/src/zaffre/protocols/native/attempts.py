"""What runners ask and tell about the attempt that they drive."""

from litestar import post

from zaffre.domain.access import Permission
from zaffre.domain.runs import RunError, RunState
from zaffre.protocols.http.call import Call
from zaffre.services.beats import take_beat
from zaffre_sdk.wire.runs import (
    AttemptBeat,
    AttemptEnd,
    AttemptOrders,
    AttemptStart,
    AttemptStarted,
    RunOut,
)
