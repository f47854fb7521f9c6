"""What each action does, apart from create, update and delete (ftrack-protocol 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ftrack_proxy.facts.type_names import COMPONENT, RESOURCE

_UPLOADED: Final = frozenset({COMPONENT, "ComponentLocation"})

READS: Final = frozenset(
    {
        "query",
        "search",
        "query_schemas",
        "query_server_information",
        "permissions",
        "_authorize_operation",
        "compute_rollups",
        "get_widget_url",
        "generate_signed_url",
    }
)
"""Actions that change nothing at all, so that it does no harm to send them twice (2.3)."""

EFFECTS: Final[Mapping[str, frozenset[str] | None]] = {
    **dict.fromkeys(READS, frozenset()),
    # -- writes that no entity shows: logs, mails
    "_track_usage": frozenset(),
    "send_user_invite": frozenset(),
    # -- sets is_totp_enabled (inferred)
    "configure_totp": frozenset({RESOURCE}),
    # -- sets last_sent_at (inferred)
    "send_review_session_invite": frozenset({"ReviewSessionInvitee"}),
    # -- uploads: size and location appear
    "get_upload_metadata": _UPLOADED,
    "complete_multipart_upload": _UPLOADED,
    # -- jobs that change data later and elsewhere
    "encode_media": None,
    "delayed_job": None,
    # -- keys and rights: who may see what
    "reset_remote": None,
    "add_user_security_role": None,
    "remove_user_security_role": None,
    "update_user_security_role": None,
    "grant_user_security_role_project": None,
    "revoke_user_security_role_project": None,
    "grant_api_key_security_role": None,
    "convert_entity": None,
}
"""Action -> the families it may change; None for anything. Any other action is a write of anything (2.3)."""
