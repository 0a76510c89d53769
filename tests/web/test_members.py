"""The members: added, invited, changed; and the roles and grants they have."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User, UserManager
from django.test import Client

from tests.web.studio import accounts
from workflows_app.models import Activity, WorkflowGrant

pytestmark = pytest.mark.usefixtures("studio")
PAGES = ("members/", "members/new/", "roles/", "roles/Viewer/", "grants/")
NEW_PASSWORD = {"new_password1": "a-long-password", "new_password2": "a-long-password"}


@pytest.fixture(autouse=True)
def admin(settings: Any, client: Client, django_user_model: type[User]) -> User:
    user = accounts(settings, client, django_user_model)
    user.groups.add(Group.objects.get(name="Admin"))
    return user


def boxes(page: str, field: str, *wanted: str) -> dict[str, str]:
    """Name the inputs of the boxes that have these words."""
    part = page[page.index(f'name="{field}.') :]
    names = dict(re.findall(rf'name="({re.escape(field)}\.[^"]+)" value="1"[^>]*><span>([^<]+)</span>', part))
    assert set(wanted) <= set(names.values()), names
    return {f"{field}.__set": "1"} | {name: "1" for name, words in names.items() if words in wanted}


def add(client: Client, name: str, *roles: str) -> str:
    page = client.get("/settings/members/new/").content.decode()
    fields = {"member.name": name, "member.active": "true", "member.active.__set": "1"}
    return client.post("/settings/members/new/", fields | boxes(page, "member.roles", *roles)).content.decode()


def link_in(page: str) -> str:
    found = re.search(r'<code class="secret">http://testserver([^<]+)</code>', page)
    assert found is not None
    return found[1]


def test_a_member_is_added_and_sets_a_password_by_the_link(client: Client) -> None:
    page = add(client, "bob", "Operator")
    bob = User.objects.get(username="bob")
    assert not bob.has_usable_password()
    assert list(bob.groups.values_list("name", flat=True)) == ["Operator"]
    browser = Client()
    opened = browser.get(link_in(page), follow=True)
    assert "For the account <b>bob</b>" in opened.content.decode()
    address = opened.redirect_chain[-1][0]
    assert browser.post(address, NEW_PASSWORD).status_code == 302
    assert browser.post("/accounts/login/", {"username": "bob", "password": "a-long-password"}).status_code == 302
    assert browser.get("/runs/").status_code == 200
    assert set(Activity.objects.values_list("verb", flat=True)) >= {"member_added", "password", "sign_in"}


def test_a_link_works_once(client: Client) -> None:
    link = link_in(add(client, "bob"))
    browser = Client()
    browser.post(browser.get(link, follow=True).redirect_chain[-1][0], NEW_PASSWORD)
    assert "does not work any more" in Client().get(link, follow=True).content.decode()
    assert "does not work any more" in Client().get(link[:-3] + "x/", follow=True).content.decode()


@pytest.mark.parametrize("name", ["grace", "GRACE", "two words", "new", ""])
def test_a_name_that_cannot_be_is_said_at_its_field(client: Client, name: str) -> None:
    response = client.post("/settings/members/new/", {"member.name": name})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert User.objects.count() == 1


def test_a_member_is_changed_and_the_log_says_what(client: Client) -> None:
    add(client, "bob", "Viewer")
    page = client.get("/settings/members/bob/").content.decode()
    fields = {"member.display_name": "Bob", "member.active.__set": "1"} | boxes(page, "member.roles", "Operator")
    assert client.post("/settings/members/bob/", fields).status_code == 302
    bob = User.objects.get(username="bob")
    assert (bob.first_name, bob.is_active) == ("Bob", False)
    act = Activity.objects.get(verb="member_changed")
    assert "Viewer" in act.before
    assert "Operator" in act.after
    assert "may not sign in" in client.get("/settings/members/").content.decode()


def test_who_may_not_sign_in_is_signed_out(client: Client) -> None:
    add(client, "bob", "Viewer")
    browser = Client()
    browser.force_login(User.objects.get(username="bob"))
    page = client.get("/settings/members/bob/").content.decode()
    client.post("/settings/members/bob/", {"member.active.__set": "1"} | boxes(page, "member.roles", "Viewer"))
    assert browser.get("/runs/").status_code == 302


def test_nobody_shuts_themselves_out(client: Client) -> None:
    page = client.get("/settings/members/grace/").content.decode()
    active = {"member.active": "true", "member.active.__set": "1"}
    for fields in (active | boxes(page, "member.roles", "Viewer"), {"member.active.__set": "1"}):
        assert client.post("/settings/members/grace/", fields).status_code == 409
    page = client.get("/settings/roles/Admin/").content.decode()
    fields = {"role.name": "Admin"} | boxes(page, "role.rights", "Look at runs")
    assert client.post("/settings/roles/Admin/", fields).status_code == 409
    assert client.post("/settings/roles/Admin/delete/").status_code == 409
    assert client.get("/settings/members/").status_code == 200


def test_a_forgotten_password_is_mended_by_a_new_link(client: Client) -> None:
    add(client, "bob")
    assert link_in(client.post("/settings/members/bob/invite/").content.decode())
    assert Activity.objects.filter(verb="member_invited", object_id="bob").count() == 1


def test_only_an_administrator_changes_or_invites_one(client: Client, admin: User) -> None:
    User.objects.create_superuser("root", password="the-password-of-root")
    page = client.get("/settings/members/root/").content.decode()
    fields = {"member.active.__set": "1"} | boxes(page, "member.roles", "Viewer")
    assert client.post("/settings/members/root/", fields).status_code == 403
    refused = client.post("/settings/members/root/invite/")
    assert refused.status_code == 403
    assert "Only an administrator" in refused.content.decode()
    assert 'class="secret"' not in refused.content.decode()
    root = User.objects.get(username="root")
    assert root.is_active
    assert not root.groups.exists()
    assert not Activity.objects.filter(object_id="root").exists()
    User.objects.filter(pk=admin.pk).update(is_superuser=True)
    assert link_in(client.post("/settings/members/root/invite/").content.decode())


def test_a_role_is_made_changed_and_deleted(client: Client) -> None:
    page = client.get("/settings/roles/").content.decode()
    fields = {"role.name": "Night shift"} | boxes(page, "role.rights", "Look at runs", "Restart runs")
    assert client.post("/settings/roles/", fields).status_code == 302
    group = Group.objects.get(name="Night shift")
    assert set(group.permissions.values_list("codename", flat=True)) == {"view_run", "restart_run"}
    assert client.post("/settings/roles/", fields).status_code == 409
    page = client.get("/settings/roles/Night shift/").content.decode()
    fields = {"role.name": "Night"} | boxes(page, "role.rights", "Look at runs")
    assert client.post("/settings/roles/Night shift/", fields).status_code == 302
    group.refresh_from_db()
    assert (group.name, group.permissions.count()) == ("Night", 1)
    assert client.post("/settings/roles/Night/delete/").status_code == 302
    assert not Group.objects.filter(name="Night").exists()
    assert [*Activity.objects.order_by("id").values_list("verb", flat=True)] == [
        "sign_in", "role_added", "role_changed", "role_deleted",
    ]  # fmt: skip


def test_a_role_is_granted_on_a_workflow_and_taken_back(client: Client) -> None:
    fields = {"grant.workflow": "echo", "grant.group": "Viewer", "grant.role": "Operator"}
    assert client.post("/settings/grants/", fields).status_code == 302
    grant = WorkflowGrant.objects.get()
    assert str(grant) == "Viewer is Operator of echo"
    assert client.post("/settings/grants/", fields).status_code == 409
    response = client.post(f"/settings/grants/{grant.pk}/revoke/", follow=True)
    assert "open to everybody" in response.content.decode()
    assert not WorkflowGrant.objects.exists()
    assert client.post("/settings/grants/", {**fields, "grant.workflow": "nothing"}).status_code == 422


def test_it_needs_the_right_to_manage_members(client: Client, admin: User) -> None:
    admin.groups.set([Group.objects.get(name="Developer")])
    for page in PAGES:
        assert client.get(f"/settings/{page}").status_code == 403, page
    for page in ("members/new/", "members/grace/", "members/grace/invite/", "roles/", "roles/Viewer/", "grants/"):
        assert client.post(f"/settings/{page}").status_code == 403, page
    assert client.post("/settings/roles/Viewer/delete/").status_code == 403
    assert "/settings/members/" not in client.get("/settings/").content.decode()


def test_looking_changes_nothing(client: Client) -> None:
    assert client.get("/settings/members/grace/invite/").status_code == 405
    assert client.get("/settings/grants/1/revoke/").status_code == 405


def test_an_unknown_member_or_role_is_a_page(client: Client) -> None:
    assert client.get("/settings/members/nobody/").status_code == 404
    assert client.get("/settings/members/local/").status_code == 404
    assert client.get("/settings/roles/nothing/").status_code == 404


def test_of_two_who_add_the_same_name_at_once_one_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    create = UserManager.create_user

    def late(manager: UserManager[User], name: str) -> User:
        create(manager, name)  # somebody else's, after the form was checked
        return create(manager, name)

    monkeypatch.setattr(UserManager, "create_user", late)
    page = client.post("/settings/members/new/", {"member.name": "bob", "member.active.__set": "1"})
    assert page.status_code == 422
    assert "Somebody has this name already." in page.content.decode()
