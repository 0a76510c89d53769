"""Saved views: the list of them, one that opens, and the form that keeps, renames or shares one."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from workflows_app.models import SavedView
from workflows_app.rights import reach_of
from workflows_app.web.activity import Thing, note
from workflows_app.web.http import DIALOG, INBOX, Asked, ask_first, leave, page, show
from workflows_app.web.savedviews import Savable, address_of, free_slug, name_of, savable

FORM = ["GET", "HEAD", "POST"]
TITLE = 80


@require_safe
@page(door=INBOX)
def listing(request: Asked) -> HttpResponse:
    views = SavedView.objects.visible_to(request.user.get_username()).sorted()
    rows = [(view, name_of(view.path), may_change(request, view)) for view in views]
    return show(request, "views/list.html", {"rows": rows, "shared": any(view.is_shared for view in views)})


@require_safe
@page(door=INBOX)
def opened(request: Asked, slug: str) -> HttpResponse:
    return redirect(address_of(found(request, slug), request.GET))


@require_safe
@page(door=INBOX)
def wall(request: Asked) -> HttpResponse:
    """Begin to go round the shared views."""
    first = SavedView.objects.filter(is_shared=True).sorted().first()
    if first is None:
        return redirect("views:list")
    return redirect(address_of(first, QueryDict("wall=1&cycle=1")))


@require_http_methods(FORM)
@page(door=INBOX)
def new(request: Asked) -> HttpResponse:
    """Keep the page that `of` names."""
    source = savable(request.POST.get("of", "") or request.GET.get("of", ""))
    if source is None:
        raise Http404
    title, fault = title_of(request)
    if request.method != "POST" or fault:
        return form(request, source, title or source.words, fault, is_shared="shared" in request.POST)
    view = SavedView.objects.create(
        slug=free_slug(title), title=title, path=source.path, query=source.query,
        owner=request.user.get_username(), is_shared="shared" in request.POST, changed_at=timezone.now(),
    )  # fmt: skip
    log(request, "save_view", view)
    messages.success(request, _("The view “%(title)s” is saved.") % {"title": view.title})
    return redirect("views:open", view.slug)


@require_http_methods(FORM)
@page(door=INBOX)
def edit(request: Asked, slug: str) -> HttpResponse:
    """Rename a view, share it, or let it show what `of` names."""
    view = own(request, slug)
    asked = savable(request.POST.get("of", "") or request.GET.get("of", ""))
    source = asked or Savable(view.path, view.query)
    title, fault = title_of(request)
    if request.method != "POST" or fault:
        is_shared = "shared" in request.POST if request.method == "POST" else view.is_shared
        return form(request, source, title or view.title, fault, is_shared=is_shared, view=view)
    view.title, view.is_shared, view.changed_at = title, "shared" in request.POST, timezone.now()
    view.path, view.query = source.path, source.query
    view.save()
    log(request, "save_view", view)
    messages.success(request, _("The view “%(title)s” is saved.") % {"title": view.title})
    return redirect("views:open", view.slug)


@require_http_methods(DIALOG)
@page(door=INBOX)
def delete(request: Asked, slug: str) -> HttpResponse:
    view = own(request, slug)
    if request.method != "POST":
        title, back = _("Delete the view “%s”?") % view.title, reverse("views:edit", args=[slug])
        lost = _("What it shows stays; only its name and its filters are lost.")
        shared = _("It is shared: it goes from the list and the wall of everybody.") if view.is_shared else ""
        return ask_first(request, title, f"{lost} {shared}".strip(), _("Delete this view"), back)
    log(request, "delete_view", view)
    view.delete()
    messages.success(request, _("The view “%(title)s” is deleted.") % {"title": view.title})
    return leave(request, reverse("views:list"))


def title_of(request: Asked) -> tuple[str, str]:
    """Read the title that was sent, and what is wrong with it."""
    title = " ".join(request.POST.get("title", "").replace("\0", "").split())
    if not title:
        return "", _("Give the view a name.")
    if len(title) > TITLE:
        return title, _("Make the name shorter: it may have %(most)s characters.") % {"most": TITLE}
    return title, ""


def form(
    request: Asked, source: Savable, title: str, fault: str, *, is_shared: bool, view: SavedView | None = None
) -> HttpResponse:
    sent = request.method == "POST"
    context = {"source": source, "title": title, "fault": fault if sent else "", "is_shared": is_shared, "view": view}
    action = reverse("views:new") if view is None else reverse("views:edit", args=[view.slug])
    return show(request, "views/form.html", {**context, "action": action}, status=422 if sent else 200)


def found(request: Asked, slug: str) -> SavedView:
    """Find a view that the person may see. Raises: Http404"""
    view = SavedView.objects.visible_to(request.user.get_username()).filter(slug=slug).first()
    if view is None:
        raise Http404
    return view


def own(request: Asked, slug: str) -> SavedView:
    """Find a view that the person may change. Raises: Http404, PermissionDenied"""
    view = found(request, slug)
    if not may_change(request, view):
        raise PermissionDenied(_("Only %(owner)s can change this view.") % {"owner": view.owner})
    return view


def may_change(request: Asked, view: SavedView) -> bool:
    return view.owner == request.user.get_username() or reach_of(request.user).is_all


def log(request: Asked, verb: str, view: SavedView) -> None:
    after = {"title": view.title, "shared": view.is_shared}
    note(request, verb, Thing("view", view.slug), after=after if verb == "save_view" else None)
