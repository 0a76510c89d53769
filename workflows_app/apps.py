"""The Django app of the workflows: models, pages and commands around the engine."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class WorkflowsAppConfig(AppConfig):
    name = "workflows_app"
    verbose_name = "Workflows"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, who hears that somebody signed in, and the roles that migrate makes."""
        from . import checks  # noqa: F401 - importing them is what registers them
        from .roles import make_roles
        from .web.people import signin  # noqa: F401

        post_migrate.connect(make_roles, sender=self)
