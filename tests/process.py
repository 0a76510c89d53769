"""A studio in a process of its own, as a person starts it, on a data folder of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

ROOT = Path(__file__).resolve().parent.parent
END = ""
"""No line of a process is as short as this."""


class StudioProcess:
    """Hold a running `manage.py studio`; `address` is where it serves, without a slash at the end."""

    def __init__(self, data_dir: Path, *options: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.said: list[str] = []
        self.process = spawn(data_dir, *options, **environment)
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.address = self._read_address()

    def _listen(self) -> None:
        """Take every line as it comes: a studio that nobody reads would wait for room in the pipe, and serve nobody."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(END)

    def _read_address(self) -> str:
        for line in iter(self._lines.get, END):
            self.said.append(line)
            if found := re.search(r"http://\S+", line):
                return found.group().rstrip("/")
        self.process.wait()
        raise AssertionError(f"The studio did not start:\n{''.join(self.said)}")

    def until_it_says(self, words: str) -> None:
        """Read on until a line has these words."""
        for line in iter(self._lines.get, END):
            self.said.append(line)
            if words in line:
                return
        raise AssertionError(f"The studio ended without saying {words!r}:\n{''.join(self.said)}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the studio and return its exit code; what it printed and nobody read is in `output`."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(timeout=30)
        finally:
            self.process.kill()
            self.process.wait()
            self._listener.join()
            self.output = "".join(iter(self._lines.get, END))
            self._lines.put(END)


def spawn(data_dir: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    """Start `manage.py studio` on a free port, unless the options name another."""
    command = ["manage.py", "studio", "--no-browser", "--port", "0", "--data-dir", str(data_dir), *options]
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**environment_of(data_dir), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def environment_of(data_dir: Path) -> dict[str, str]:
    """Give the environment of a command that works on a data folder: ours, but for what this process was told."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "DJANGO_"))}
    return {**inherited, "PYTHONUNBUFFERED": "1", "STUDIO_DATA_DIR": str(data_dir)}
