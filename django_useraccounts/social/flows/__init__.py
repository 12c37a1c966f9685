"""Who comes back from a provider, which account that is, and what connects the two."""

from .arriving import (
    begin_login,
    confirm_identity_by,
    log_in_by,
    receive_answer,
    record_refusal,
    register_identity,
    suggested_username,
)
from .connecting import (
    connect,
    connect_by_link,
    disconnect,
    drop_connections,
    has_password_way_in,
    identity_in,
    label_of,
    mail_connect_link,
    owner_of_address,
)
from .waiting import claim_again, claim_of, is_waiting

__all__ = [
    "begin_login",
    "claim_again",
    "claim_of",
    "confirm_identity_by",
    "connect",
    "connect_by_link",
    "disconnect",
    "drop_connections",
    "has_password_way_in",
    "identity_in",
    "is_waiting",
    "label_of",
    "log_in_by",
    "mail_connect_link",
    "owner_of_address",
    "receive_answer",
    "record_refusal",
    "register_identity",
    "suggested_username",
]
