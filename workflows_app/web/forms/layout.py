"""How the properties of an object stand on the page: in their order, under headings, folded, or only sometimes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from workflows_app.web.forms.control import Condition, Control
from workflows_app.web.forms.field import Field
from workflows_app.web.forms.names import escape, join
from workflows_app.web.forms.post import Post


@dataclass(frozen=True)
class Layout:
    """The properties of one object under one name."""

    properties: Mapping[str, Field]
    name: str

    def arrange(self, drawn: Mapping[str, Control], post: Post) -> Iterator[Control]:
        """Put the controls of the properties in order, those of a group together where its first one stands."""
        ordered = sorted(self.properties, key=lambda key: self.properties[key].hints.order)
        done: set[str] = set()
        for key in ordered:
            group = self.properties[key].hints.group
            if not group:
                yield self._placed(key, drawn[key], post)
            elif group not in done:
                done.add(group)
                members = [other for other in ordered if self.properties[other].hints.group == group]
                yield self._section(group, [self._placed(other, drawn[other], post) for other in members], members)

    def is_asked(self, key: str, post: Post, seen: tuple[str, ...] = ()) -> bool:
        """Tell whether what was answered elsewhere makes a property one to ask for."""
        return all(
            post.text(condition.name) in condition.answers
            and (other in seen or self.is_asked(other, post, (*seen, other)))
            for other, condition in self._conditions(key)
        )

    def _conditions(self, key: str) -> Iterator[tuple[str, Condition]]:
        """Name the texts that other properties have to have; what is no property sets no condition."""
        for other, values in self.properties[key].hints.show_if.items():
            field = self.properties.get(other)
            if field is not None:
                name = join(self.name, escape(other))
                answers = (dict(field.write(name, value)).get(name, "") for value in values if field.fits(value))
                yield other, Condition(name, field.title, tuple(answers))

    def _placed(self, key: str, control: Control, post: Post) -> Control:
        hints, conditions = self.properties[key].hints, [condition for _other, condition in self._conditions(key)]
        folds = hints.collapsed and not hints.group
        placed = fold(control) if folds else control
        return placed if not conditions else self._when(placed, conditions, asked=self.is_asked(key, post))

    def _when(self, control: Control, conditions: Sequence[Condition], *, asked: bool) -> Control:
        return Control(
            kind="when",
            name=f"{control.name}.__when",
            short=control.short,
            bare=True,
            on=asked or any(control.faults()),
            children=(control,),
            conditions=tuple(conditions),
        )

    def _section(self, title: str, children: Sequence[Control], members: Sequence[str]) -> Control:
        folds = any(self.properties[key].hints.collapsed for key in members)
        section = Control(
            kind="section", name=join(self.name, f"__group-{escape(title)}"), title=title, children=tuple(children)
        )
        return fold(section) if folds else section


def fold(control: Control) -> Control:
    """Put a control behind a line that opens it; it is open where something is wrong inside."""
    return Control(
        kind="fold",
        name=f"{control.name}.__fold",
        title=control.title or _("More"),
        bare=True,
        on=any(control.faults()),
        children=(replace(control, bare=True),),
    )
