#!/usr/bin/env python
"""Run Django's commands; `manage.py studio` is the one that most people need."""

from __future__ import annotations

import argparse
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

INTERRUPTED = 130


def export_early_options(arguments: list[str]) -> list[str]:
    """Pass on to the settings, through the environment, the options that shape them. Give what else was said.

    Django loads its settings before a command sees its arguments, so two of them are read here first.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--data-dir")
    parser.add_argument("--workflows", nargs="+", action="extend")
    options, rest = parser.parse_known_args(arguments)
    if options.data_dir is not None:
        os.environ["STUDIO_DATA_DIR"] = options.data_dir
    if options.workflows is not None:
        os.environ["STUDIO_WORKFLOWS"] = ",".join(options.workflows)
    if os.environ.get("STUDIO_WORKFLOWS"):
        sys.path.append(os.getcwd())
    return rest


def without_early_options(said: list[str]) -> list[str]:
    """Read the early options, which every command takes, and leave them out for those that know nothing of them."""
    rest = export_early_options(said[2:])
    return said if said[1:2] == ["studio"] else [*said[:2], *rest]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
    said = without_early_options(sys.argv)
    try:
        execute_from_command_line(said)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        # While a command loads; one that is under way has its own way to end.
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
