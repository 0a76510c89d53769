"""The vault of a journal on a disk: what is secret is sealed there."""

from __future__ import annotations

from workflows_app.engine.errors import UnreadableEvent
from workflows_app.engine.vault import NamedVault
from workflows_app.models.seal import SealedElsewhere, seal, unseal


class FernetVault(NamedVault):
    """Seals with the first key of the settings, opens with all of them."""

    def lock(self, text: str) -> str:
        return seal(text)

    def unlock(self, sealed: str) -> str:
        try:
            return unseal(sealed)
        except SealedElsewhere as error:
            raise UnreadableEvent(f"A step of this run cannot get its secrets. {error} Then restart the run.") from None
