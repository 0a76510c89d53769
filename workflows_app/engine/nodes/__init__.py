"""The control-flow constructs, one file each: what it is and how it advances, side by side."""

from __future__ import annotations

from .base import Cursor, Draft, Edge, Node
from .branch import Arm, Branch
from .deadline import Deadline
from .event import WaitForEvent
from .foreach import ForEach
from .loop import Loop
from .nested import Nested
from .parallel import Parallel
from .sequence import Sequence
from .sleep import Sleep
from .step import Step
from .when import When

KINDS: dict[str, type[Node]] = {
    node.kind: node
    for node in (Branch, Deadline, ForEach, Loop, Nested, Parallel, Sequence, Sleep, Step, WaitForEvent, When)
}

__all__ = [
    "KINDS", "Arm", "Branch", "Cursor", "Deadline", "Draft", "Edge", "ForEach", "Loop", "Nested", "Node", "Parallel",
    "Sequence", "Sleep", "Step", "WaitForEvent", "When",
]  # fmt: skip
