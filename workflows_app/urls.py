"""Every page's address, in the order of `web/views`.

A run's id is any text, so it may hold slashes: what stands behind it is matched before the run itself.
"""

from __future__ import annotations

from django.urls import include, path, re_path

from workflows_app.web.api import api, unknown
from workflows_app.web.views import (
    activity,
    approvals,
    bulk,
    checks,
    compare,
    copies,
    devices,
    gallery,
    handling,
    insights,
    inspector,
    jump,
    links,
    mails,
    members,
    operations,
    overview,
    profile,
    record,
    reference,
    roles,
    runs,
    saved,
    schedules,
    start,
    talk,
    together,
    tokens,
    travel,
    trials,
    usual,
    verbs,
    versions,
    webhooks,
    workers,
    workflows,
)

RUN = "<path:run_id>"

workflow_urls = [
    path("", workflows.listing, name="list"),
    path("<str:workflow_id>/", workflows.detail, name="detail"),
    path("<str:workflow_id>/run/", start.run, name="run"),
    path("<str:workflow_id>/check/", checks.start, name="check"),
    path("<str:workflow_id>/open/", workflows.opens, name="open"),
    path("<str:workflow_id>/leave-out/", compare.leave_out, name="leave-out"),
    path("<str:workflow_id>/versions/", versions.versions, name="versions"),
    path("<str:workflow_id>/schedules/new/", schedules.new, name="new-schedule"),
    path("<str:workflow_id>/tests/", trials.listing, name="tests"),
    path("<str:workflow_id>/tests/new/", trials.new, name="new-test"),
    path("<str:workflow_id>/tests/run/", trials.run, name="run-tests"),
    path("<str:workflow_id>/tests/<int:test_id>/", trials.edit, name="test"),
    path("<str:workflow_id>/tests/<int:test_id>/delete/", trials.delete, name="delete-test"),
]

run_urls = [
    path("", runs.listing, name="list"),
    path("bulk/", bulk.bulk, name="bulk"),
    path("keep/", verbs.keep, name="keep"),
    path("restart-active/", verbs.restart_active, name="restart-active"),
    path(f"{RUN}/head/", inspector.inspector, {"part": "head"}, name="head"),
    path(f"{RUN}/flow/", inspector.inspector, {"part": "flow"}, name="flow"),
    path(f"{RUN}/timeline/", inspector.inspector, {"part": "timeline"}, name="timeline"),
    path(f"{RUN}/panel/", inspector.inspector, {"part": "panel"}, name="panel"),
    path(f"{RUN}/events/", record.tab, {"part": "events"}, name="events"),
    path(f"{RUN}/state/", record.tab, {"part": "state"}, name="state"),
    path(f"{RUN}/logs/", record.tab, {"part": "logs"}, name="logs"),
    path(f"{RUN}/raw/", record.tab, {"part": "raw"}, name="raw"),
    path(f"{RUN}/value/", record.value, name="value"),
    path(f"{RUN}/print/", record.on_paper, name="print"),
    path(f"{RUN}/copy/<str:form>/", copies.copy, name="copy"),
    path(f"{RUN}/frames/", inspector.frames, name="frames"),
    path(f"{RUN}/check/", checks.answer, name="check"),
    path(f"{RUN}/resume/", verbs.resume, name="resume"),
    path(f"{RUN}/cancel/", verbs.cancel, name="cancel"),
    path(f"{RUN}/restart/", verbs.restart, name="restart"),
    path(f"{RUN}/compare/", compare.choose, name="compare"),
    path(f"{RUN}/usual/", usual.usual, name="usual"),
    path(f"{RUN}/time-travel/", travel.travel, name="time-travel"),
    path(f"{RUN}/delete/", verbs.delete, name="delete"),
    path(f"{RUN}/step/", verbs.step, name="step"),
    path(f"{RUN}/unpause/", verbs.unpause, name="unpause"),
    path(f"{RUN}/breakpoints/", verbs.breakpoints, name="breakpoints"),
    path(f"{RUN}/adopt/", verbs.adopt, name="adopt"),
    path(f"{RUN}/", inspector.inspector, name="inspector"),
]

approval_urls = [
    path("", approvals.inbox, name="inbox"),
    path("news/", approvals.news, name="news"),
    path("<int:approval_id>/", approvals.detail, name="detail"),
    path("bulk/", together.bulk, name="bulk"),
    path("<int:approval_id>/print/", approvals.record, name="print"),
    path("<int:approval_id>/decide/", approvals.decide, name="decide"),
    path("<int:approval_id>/check/", checks.decision, name="check"),
    path("<int:approval_id>/claim/", handling.claim, name="claim"),
    path("<int:approval_id>/release/", handling.release, name="release"),
    path("<int:approval_id>/hand-over/", handling.hand_over, name="hand-over"),
    path("<int:approval_id>/snooze/", handling.snooze, name="snooze"),
    path("<int:approval_id>/draft/", handling.draft, name="draft"),
    path("<int:approval_id>/talk/", talk.talk, name="talk"),
]

SCHEDULE = "<path:schedule_id>"

schedule_urls = [
    path("", schedules.listing, name="list"),
    path("new/", schedules.choose, name="choose"),
    path(f"{SCHEDULE}/edit/", schedules.edit, name="edit"),
    path(f"{SCHEDULE}/pause/", schedules.pause, name="pause"),
    path(f"{SCHEDULE}/resume/", schedules.resume, name="resume"),
    path(f"{SCHEDULE}/run/", schedules.fire, name="fire"),
    path(f"{SCHEDULE}/delete/", schedules.delete, name="delete"),
    path(f"{SCHEDULE}/", schedules.detail, name="detail"),
]

activity_urls = [
    path("", activity.listing, name="list"),
    path("news/", activity.news, name="news"),
    re_path(r"^export\.(?P<form>csv|jsonl)$", activity.export, name="export"),
]

view_urls = [
    path("", saved.listing, name="list"),
    path("new/", saved.new, name="new"),
    path("wall/", saved.wall, name="wall"),
    path("<str:slug>/", saved.opened, name="open"),
    path("<str:slug>/edit/", saved.edit, name="edit"),
    path("<str:slug>/delete/", saved.delete, name="delete"),
]

settings_urls = [
    path("", profile.profile, name="profile"),
    path("mails/", mails.mails, name="mails"),
    path("devices/", devices.turn_on, name="turn-on"),
    path("devices/<int:device_id>/off/", devices.turn_off, name="turn-off"),
    path("password/", profile.password, name="password"),
    path("sessions/", profile.sessions, name="sessions"),
    path("sessions/sign-out-others/", profile.sign_out_others, name="sign-out-others"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke, name="revoke-token"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/<int:webhook_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<int:webhook_id>/switch/", webhooks.switch, name="switch-webhook"),
    path("webhooks/<int:webhook_id>/delete/", webhooks.delete, name="delete-webhook"),
    path("webhooks/<int:webhook_id>/<int:delivery_id>/again/", webhooks.send_again, name="resend"),
    path("members/", members.members, name="members"),
    path("members/new/", members.new_member, name="new-member"),
    path("members/<str:name>/", members.member, name="member"),
    path("members/<str:name>/invite/", members.invite, name="invite"),
    path("roles/", roles.roles, name="roles"),
    path("roles/<path:name>/delete/", roles.delete_role, name="delete-role"),
    path("roles/<path:name>/", roles.role, name="role"),
    path("grants/", roles.grants, name="grants"),
    path("grants/<int:grant_id>/revoke/", roles.revoke_grant, name="revoke-grant"),
    path("workers/", workers.workers, name="workers"),
]

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("panels/<str:part>/", overview.overview, name="panel"),
    path("workflows/", include((workflow_urls, "workflows"))),
    path("runs/", include((run_urls, "runs"))),
    path("a/<str:token>/", links.link, name="link"),
    path("approvals/", include((approval_urls, "approvals"))),
    path("compare/", compare.comparison, name="compare"),
    path("jump/", jump.jump, name="jump"),
    path("schedules/", include((schedule_urls, "schedules"))),
    path("views/", include((view_urls, "views"))),
    path("insights/", insights.insights, name="insights"),
    path("insights/<str:part>/", insights.insights, name="insight"),
    path("activity/", include((activity_urls, "activity"))),
    path("settings/", include((settings_urls, "settings"))),
    path("reference/", reference.reference, name="reference"),
    path("healthz/", operations.healthz, name="healthz"),
    path("readyz/", operations.readyz, name="readyz"),
    path("metrics/", operations.metrics, name="metrics"),
    path("__gallery__/", gallery.gallery, name="gallery"),
    path("api/", unknown),
    path("api/", api.urls),
    re_path("^api(?P<address>/.*)?$", unknown),
]
