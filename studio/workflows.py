"""The workflows that a fresh studio offers.

The studio looks for a module of this name in every installed app and takes what its `workflows` lists, as
Django takes the routes of `urlpatterns`. Each sample is a module of its own; copy one to begin your own work.
"""

from __future__ import annotations

from .samples.answers import answer_from_text
from .samples.contacts import import_contacts
from .samples.expenses import expense_approval
from .samples.fetch import flaky_fetch
from .samples.greeting import test_workflow
from .samples.release import release_checklist
from .samples.reminder import reminder
from .samples.text import text_report, word_statistics

workflows = [
    test_workflow,
    expense_approval,
    import_contacts,
    release_checklist,
    text_report,
    word_statistics,
    answer_from_text,
    reminder,
    flaky_fetch,
]
