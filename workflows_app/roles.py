"""The roles there are to begin with: groups with rights, made once and then everybody's to change."""

from __future__ import annotations

from typing import Any, Final

from django.apps.config import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

APP: Final = "workflows_app"
LOOK: Final = ("view_run", "view_payload")
OPERATE: Final = (
    *LOOK, "start_run", "resume_run", "cancel_run", "restart_run", "timetravel_run", "decide", "decide_bulk",
)  # fmt: skip
DEVELOP: Final = (*OPERATE, "delete_run", "manage_schedule")
RIGHTS: Final = (*DEVELOP, "view_audit", "manage_members", "manage_tokens", "manage_webhooks")
ROLES: Final = {
    "Viewer": LOOK,
    "Approver": ("decide",),
    "Operator": OPERATE,
    "Developer": DEVELOP,
    "Admin": RIGHTS,
}


def make_roles(app_config: AppConfig, using: str = "default", **options: Any) -> None:
    """Make the roles that are not there, after migrate; what somebody changed of them stays."""
    there = set(Group.objects.using(using).filter(name__in=ROLES).values_list("name", flat=True))
    missing = [name for name in ROLES if name not in there]
    if not missing:
        return
    # Django makes the permissions at the same signal, and maybe after us.
    create_permissions(app_config, verbosity=0, using=using)
    permissions = Permission.objects.using(using).filter(content_type__app_label=APP)
    by_name = {permission.codename: permission for permission in permissions}
    for name in missing:
        group = Group.objects.using(using).create(name=name)
        group.permissions.set([by_name[right] for right in ROLES[name]])
