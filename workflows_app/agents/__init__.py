"""Agents of pydantic-ai as agents of workflows. Nothing else imports this package, which needs the extra `agents`."""

from __future__ import annotations

try:
    from .model_agent import ModelAgent, from_pydantic_ai
except ModuleNotFoundError as error:
    if error.name != "pydantic_ai":
        raise
    raise ImportError('Agents of pydantic-ai need it: pip install "pydantic-ai-slim>=2,<3"') from error

__all__ = ["ModelAgent", "from_pydantic_ai"]
