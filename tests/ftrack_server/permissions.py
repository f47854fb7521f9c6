"""Which projects a caller may see; what is in others is absent for them (ftrack-protocol 8.1)."""

from __future__ import annotations

from collections.abc import Callable, Collection

from .database import Row
from .world import World


class Access:
    """Projects barred by a test, and private ones if privacy counts.

    Private projects count only when ``private_projects`` is set: who is not granted one does not see it. The
    global key sees what is open, whoever's name comes with it.
    """

    def __init__(self) -> None:
        self.private_projects = False
        self.sees_everything: frozenset[str] = frozenset()
        self._barred: dict[str, frozenset[str]] = {}

    def bar(self, user_id: str, project_ids: Collection[str]) -> None:
        """From now on these, and no others, are barred for a user."""
        self._barred[user_id] = frozenset(project_ids)

    def hidden(self, world: World, user_id: str | None, *, global_key: bool = False) -> frozenset[str]:
        """Ids of the projects that a caller does not see; ``None`` sees all."""
        if user_id is None:
            return frozenset()
        barred = frozenset() if global_key else self._barred.get(user_id, frozenset())
        if not self.private_projects or (user_id in self.sees_everything and not global_key):
            return barred
        granted = frozenset() if global_key else _granted(world, user_id)
        private = {row["id"] for row in world.rows("Project") if row.get("is_private")}
        return barred | (private - granted)

    def visible(self, world: World, user_id: str | None, *, global_key: bool = False) -> Callable[[Row], bool]:
        """A test of rows for one caller."""
        hidden = self.hidden(world, user_id, global_key=global_key)
        if not hidden:
            return lambda _: True
        return lambda row: world.project_of(row) not in hidden


def _granted(world: World, user_id: str) -> frozenset[str]:
    """Projects that are listed for one of the user's roles."""
    roles = {row["id"] for row in world.rows("UserSecurityRole") if row["user_id"] == user_id}
    listed = world.rows("UserSecurityRoleProject")
    return frozenset(row["project_id"] for row in listed if row["user_security_role_id"] in roles)
