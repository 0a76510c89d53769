"""Views of the lists that people keep: a page with its filters, under a name and an address of their own."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from .instants import InstantField


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, username: str) -> SavedViewQuerySet:
        """Keep a person's own views and those that are shared."""
        return self.filter(Q(owner=username) | Q(is_shared=True))

    def sorted(self) -> SavedViewQuerySet:
        return self.order_by("title", "id")


class SavedView(models.Model):
    """A page (`path`) and what was asked of it (`query`, without the question mark)."""

    slug = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=80)
    path = models.CharField(max_length=200)
    query = models.TextField(default="", blank=True)
    owner = models.CharField(max_length=200)
    is_shared = models.BooleanField(default=False)
    changed_at = InstantField()

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.title
