"""What voids what, what brings what about, and who may do it: as the documents say, once more."""

from datetime import timedelta

#: What ends every session of an account that was there before.
ENDS_SESSIONS = frozenset(
    (
        "password_changed password_set password_reset sessions_ended switched_off account_closed "
        "email_change_undone login_disowned other_sessions_ended handed_over account_erased"
    ).split()
)
#: What voids which links of an account; "" stands for all of them.
OF_THE_EPOCH = ("reset_password", "fetch_export", "connect_by_link")
BUT_UNDO = (*OF_THE_EPOCH, "confirm_email")
ALL = (*BUT_UNDO, "undo_email_change", "disown_login")
VOIDS = {
    **dict.fromkeys(ENDS_SESSIONS, OF_THE_EPOCH),
    "account_closed": BUT_UNDO,
    "email_change_undone": ALL,
    "login_disowned": ALL,
    "handed_over": ALL,
    "account_erased": ALL,
}
#: What a link brings about when it works, by its purpose.
WORKS = {
    "confirm_email": {"email_confirmed", "email_disowned"},
    "reset_password": {"password_reset"},
    "undo_email_change": {"email_change_undone"},
    "disown_login": {"login_disowned"},
    "fetch_export": {"export_fetched"},
    "connect_by_link": {"provider_connected"},
}
#: For how long a link works, at most.
LASTS = {
    "confirm_email": timedelta(days=3),
    "reset_password": timedelta(days=3),
    "undo_email_change": timedelta(days=7),
    "disown_login": timedelta(days=7),
    "fetch_export": timedelta(days=7),
    "connect_by_link": timedelta(hours=1),
}
#: The acts that change a column of a user, each of which is told by one of these events.
TOLD_BY = {
    "username": {"username_changed", "account_erased"},
    "password": {
        *("password_changed", "password_set", "password_reset", "email_change_undone"),
        *("login_disowned", "handed_over", "account_erased"),
    },
    "is_active": {"switched_on", "switched_off"},
    "erase_at": {"account_closed", "account_reopened"},
}
#: The pages that whoever has not proved lately who is there has to prove it at.
ASK_WHO_IS_THERE = frozenset(
    "add_email make_primary_email remove_email set_password change_username export_account "
    "fetch_export close_account invite customer_portal end_session end_other_sessions "
    "connect_provider disconnect_provider".split()
)
#: By a mailed link the owner says that it was somebody else.
TAKE_BACK = {"email_change_undone", "login_disowned"}
#: What is told of new and of lost proofs of addresses.
PROVES = {"email_confirmed", "email_added", "user_added", *TAKE_BACK}
TAKES = {
    *("email_removed", "account_erased", "primary_email_changed", "email_released"),
    *TAKE_BACK,
}
#: What one step may tell several times of one account.
MANY = frozenset(
    "provider_disconnected logged_in role_granted email_undeliverable identity_confirmed "
    "login_failed identity_refused password_link_requested new_login email_removed".split()
)
#: What strangers may cause in an account: it is told there, and changes nothing.
BY_STRANGERS = {
    *("email_undeliverable", "social_login_refused", "login_failed", "password_link_requested"),
}
#: What only administrators, programs and time do.
NOT_BY_PEOPLE = frozenset(
    "user_added switched_on switched_off sessions_ended password_link_sent payment_recorded "
    "payment_refunded membership_ended account_erased role_extended".split()
)
