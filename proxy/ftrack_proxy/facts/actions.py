"""What each action of the API changes, and what its answer proves (ftrack-protocol 2.2, 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ftrack_proxy.facts.evidence import Source, inferred, seen
from ftrack_proxy.facts.type_names import COMPONENT, COMPONENT_LOCATION, RESOURCE


class Effect(Enum):
    """``NONE``: it changes nothing at all, so that it does no harm to send it twice. ``UNSEEN``: something that no
    entity shows. ``ENTITY``: the row that it names. ``FAMILIES``: rows of some families. ``ANYTHING``: any row."""

    NONE = "none"
    UNSEEN = "unseen"
    ENTITY = "entity"
    FAMILIES = "families"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Action:
    """One action. An action that is not listed is a write of anything.

    ``families`` are those that it changes. ``for_users``: ftrack answers it to nobody but users that it knows, as far
    as that was seen. ``in_transaction``: if one operation of a batch of such fails, none has changed anything.
    """

    name: str
    effect: Effect
    source: Source
    families: frozenset[str] = frozenset()
    for_users: bool = False
    in_transaction: bool = False


_UPLOADED: Final = frozenset({COMPONENT, COMPONENT_LOCATION})
_RIGHTS: Final = "who may see what"

ACTIONS: Final = (
    Action("query", Effect.NONE, seen("ftrack-protocol 2.2, 2.3"), for_users=True, in_transaction=True),
    Action("search", Effect.NONE, seen("ftrack-protocol 2.2, 2.3"), for_users=True, in_transaction=True),
    Action("create", Effect.ENTITY, seen("ftrack-protocol 2.2, 2.3"), for_users=True, in_transaction=True),
    Action("update", Effect.ENTITY, seen("ftrack-protocol 2.2, 2.3"), for_users=True, in_transaction=True),
    Action("delete", Effect.ENTITY, seen("ftrack-protocol 2.2, 2.3"), for_users=True, in_transaction=True),
    Action("query_schemas", Effect.NONE, seen("ftrack-protocol 2.3"), in_transaction=True),
    Action("query_server_information", Effect.NONE, seen("ftrack-protocol 2.3"), in_transaction=True),
    Action("permissions", Effect.NONE, seen("ftrack-protocol 2.3")),
    Action("_authorize_operation", Effect.NONE, seen("ftrack-protocol 2.3")),
    Action("compute_rollups", Effect.NONE, inferred("ftrack-protocol 2.3", "its name")),
    Action("get_widget_url", Effect.NONE, seen("ftrack-protocol 2.3", "a URL with a token")),
    Action("generate_signed_url", Effect.NONE, seen("ftrack-protocol 2.3", "a signed URL")),
    Action("_track_usage", Effect.UNSEEN, seen("ftrack-protocol 2.3", "a log")),
    Action("send_user_invite", Effect.UNSEEN, seen("ftrack-protocol 2.3", "a mail")),
    Action(
        "configure_totp", Effect.FAMILIES, inferred("ftrack-protocol 2.3", "sets `is_totp_enabled`"),
        families=frozenset({RESOURCE}),
    ),
    Action(
        "send_review_session_invite", Effect.FAMILIES, inferred("ftrack-protocol 2.3", "a mail; sets `last_sent_at`"),
        families=frozenset({"ReviewSessionInvitee"}),
    ),
    Action(
        "get_upload_metadata", Effect.FAMILIES, inferred("ftrack-protocol 2.3", "size and location appear"),
        families=_UPLOADED,
    ),
    Action(
        "complete_multipart_upload", Effect.FAMILIES, inferred("ftrack-protocol 2.3", "size and location appear"),
        families=_UPLOADED,
    ),
    Action("encode_media", Effect.ANYTHING, seen("ftrack-protocol 2.3", "a job that writes later and elsewhere")),
    Action("delayed_job", Effect.ANYTHING, seen("ftrack-protocol 2.3", "a job that writes later and elsewhere")),
    Action("convert_entity", Effect.ANYTHING, seen("ftrack-protocol 2.3", "an entity changes its type")),
    Action("reset_remote", Effect.ANYTHING, seen("ftrack-protocol 2.3, 8.1", "a key is another one from then on")),
    *(
        Action(name, Effect.ANYTHING, seen("ftrack-protocol 2.3, 8.1", _RIGHTS))
        for name in (
            "add_user_security_role", "remove_user_security_role", "update_user_security_role",
            "grant_user_security_role_project", "revoke_user_security_role_project", "grant_api_key_security_role",
        )
    ),
)  # fmt: skip
