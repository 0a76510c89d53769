"""Questions to people as work: the inbox made from the journal, who may answer, links and mails."""

from __future__ import annotations
