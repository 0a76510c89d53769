"""A recorded error as a page tells it: the message first, then the author's own frames, then the rest."""

from __future__ import annotations

import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from workflows_app import engine
from workflows_app.engine.errors import stop_of
from workflows_app.engine.schema import Json
from workflows_app.web.values.jsontree import Tree, branch_of

CAUSES = 5
INSTALLED = re.compile(r"site-packages|dist-packages|/lib/python\d")
LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(Path(engine.__file__).parent)}
)


@dataclass(frozen=True, slots=True)
class Frame:
    file: str
    line: int
    function: str
    code: str

    @property
    def short(self) -> str:
        """Name the file with the folder it lies in."""
        return "/".join(self.file.rsplit("/", 2)[-2:])

    @property
    def is_own(self) -> bool:
        """Tell whether a person of this project wrote it, also when the run was performed elsewhere."""
        return not self.file.startswith((*LIBRARIES, "<")) and not INSTALLED.search(self.file)


@dataclass(frozen=True, slots=True)
class ErrorView:
    name: str
    message: str
    own: tuple[Frame, ...]
    library: tuple[Frame, ...]
    details: Tree | None
    cause: ErrorView | None
    status: str = "failed"


def error_view(error: Json, depth: int = 0) -> ErrorView | None:
    """Read a recorded error; anything that is not one gives nothing."""
    if not isinstance(error, dict) or depth > CAUSES:
        return None
    frames = [_frame(raw) for raw in error.get("traceback") or () if isinstance(raw, dict)]
    is_stop = bool(stop_of(error))
    details = error.get("details") or {k: v for k, v in stop_of(error).get("tripwire", {}).items() if k != "reason"}
    return ErrorView(
        name=_("Stopped by a guard") if is_stop else str(error.get("name", "Error")),
        message=str(error.get("message", "")),
        own=tuple(frame for frame in frames if frame.is_own),
        library=tuple(frame for frame in frames if not frame.is_own and not is_stop),
        details=Tree(branch_of(details), 0) if details else None,
        cause=error_view(error.get("cause"), depth + 1),
        status="tripwire" if is_stop else "failed",
    )


def _frame(raw: Json) -> Frame:
    return Frame(
        str(raw.get("file", "")),
        int(raw.get("line") or 0),
        str(raw.get("function", "")),
        str(raw.get("code", "")),
    )
