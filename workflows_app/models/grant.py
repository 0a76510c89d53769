"""Who may do what on one workflow, where that is not left to everybody's roles."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models


class WorkflowGrant(models.Model):
    """The members of a group have a role on a workflow.

    A workflow without grants is open to everybody's roles. One with grants is for those alone whom a grant
    names, each with the rights of the role that stands beside their group.
    """

    workflow_id = models.CharField(max_length=200)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="workflow_grants")
    role = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="workflow_roles")

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("workflow_id", "group", "role"), name="workflow_grant"),)

    def __str__(self) -> str:
        return f"{self.group} is {self.role} of {self.workflow_id}"
