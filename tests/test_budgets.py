"""What a browser has to fetch stays small: compressed, and all files of a kind together."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parent.parent / "static"
KIB = 1024


@pytest.mark.parametrize(
    ("pattern", "most"),
    # No page fetches more than 16 KiB of styles (`web/test_page_weight.py`); all together they only ever shrink.
    [("js/*.js", 30 * KIB), ("css/*.css", 17_980), ("fonts/*.woff2", 55 * KIB)],
)
def test_files_of_a_kind_stay_small(pattern: str, most: int) -> None:
    files = sorted(STATIC.glob(pattern))
    assert files
    # Fonts are compressed already, and are sent as they are.
    whole = b"".join(file.read_bytes() for file in files)
    size = len(whole) if pattern.endswith("woff2") else len(gzip.compress(whole, 9))
    assert size <= most, f"{pattern} comes to {size} bytes"


def test_nothing_is_fetched_from_elsewhere() -> None:
    for file in [*STATIC.glob("css/*.css"), *STATIC.glob("js/*.js")]:
        text = file.read_text()
        assert "@import" not in text, file
        assert "//cdn" not in text, file
        assert "url(http" not in text, file
