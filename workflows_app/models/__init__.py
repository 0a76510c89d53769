"""The tables: the journal of the runs, and what is projected from it for lists and sweeps.

`Event` is the truth; `Run` and `Wait` say the same in columns that can be queried and are written in the
same transaction, by `adapters/journal.py` alone. Read them with the ORM as you like. `Ending` and `Rollup`
are counted afterwards from runs that ended, by `rollups.py`, and can be made again from them. `Approval` is
gathered from the waits for people by `approvals/gather.py`; `Desk` is what each person keeps about one, and
a `Comment` what somebody said about it. A `Delivery` is written with the turn in which a run comes to rest, for
every `Webhook` that is to hear of it. `SavedInput` is what runs are started with again; `Trial` is one run of
such an input as a test. A `Schedule` starts runs by itself, and a `Firing` says what came of one of its times.
`Deletion` is a wish that can be taken back; a
`Device` is a browser that a person is told on.
"""

from __future__ import annotations

from .activity import Activity
from .approval import Approval, Desk, Notice
from .comment import Comment
from .definition import Definition
from .deletion import Deletion
from .device import Device
from .ending import Ending
from .event import Event
from .grant import WorkflowGrant
from .payload import Payload
from .profile import Profile, SignIn
from .rollup import Rollup, RollupCursor
from .run import Run
from .saved_input import SavedInput
from .saved_view import SavedView
from .schedule import Firing, Schedule
from .token import Token
from .trial import Trial
from .version import Version
from .wait import Wait
from .webhook import Delivery, Webhook
from .worker import Worker

__all__ = [
    "Activity",
    "Approval",
    "Comment",
    "Definition",
    "Deletion",
    "Delivery",
    "Desk",
    "Device",
    "Ending",
    "Event",
    "Firing",
    "Notice",
    "Payload",
    "Profile",
    "Rollup",
    "RollupCursor",
    "Run",
    "SavedInput",
    "SavedView",
    "Schedule",
    "SignIn",
    "Token",
    "Trial",
    "Version",
    "Wait",
    "Webhook",
    "Worker",
    "WorkflowGrant",
]
