"""A program that starts runs without pause and says each id once the start is acknowledged, until it is killed."""

from __future__ import annotations

import itertools

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    from workflows_app import runtime

    call_command("migrate", verbosity=0, interactive=False)
    runtime.start_background()
    workflow = runtime.get_engine().get_workflow("short")
    for number in itertools.count():
        run = runtime.call(workflow.create_run(run_id=f"run-{number}"))
        print(runtime.call(run.start_async(input_data={"n": number})), flush=True)


if __name__ == "__main__":
    main()
