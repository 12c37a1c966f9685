"""What Flask-User 1.0.2.2 has, by name: read in its source once, so that no test needs Flask."""

SETTINGS = """
    USER_AFTER_CHANGE_PASSWORD_ENDPOINT USER_AFTER_CHANGE_USERNAME_ENDPOINT
    USER_AFTER_CONFIRM_ENDPOINT USER_AFTER_EDIT_USER_PROFILE_ENDPOINT
    USER_AFTER_FORGOT_PASSWORD_ENDPOINT USER_AFTER_INVITE_ENDPOINT USER_AFTER_LOGIN_ENDPOINT
    USER_AFTER_LOGOUT_ENDPOINT USER_AFTER_REGISTER_ENDPOINT
    USER_AFTER_RESEND_EMAIL_CONFIRMATION_ENDPOINT USER_AFTER_RESET_PASSWORD_ENDPOINT
    USER_ALLOW_LOGIN_WITHOUT_CONFIRMED_EMAIL USER_APP_NAME USER_APP_VERSION USER_AUTO_LOGIN
    USER_AUTO_LOGIN_AFTER_CONFIRM USER_AUTO_LOGIN_AFTER_REGISTER
    USER_AUTO_LOGIN_AFTER_RESET_PASSWORD USER_AUTO_LOGIN_AT_LOGIN USER_CHANGE_PASSWORD_TEMPLATE
    USER_CHANGE_PASSWORD_URL USER_CHANGE_USERNAME_TEMPLATE USER_CHANGE_USERNAME_URL
    USER_CONFIRM_EMAIL_EXPIRATION USER_CONFIRM_EMAIL_TEMPLATE USER_CONFIRM_EMAIL_URL
    USER_COPYRIGHT_YEAR USER_CORPORATION_NAME USER_EDIT_USER_PROFILE_TEMPLATE
    USER_EDIT_USER_PROFILE_URL USER_EMAIL_ACTION_URL USER_EMAIL_SENDER_EMAIL
    USER_EMAIL_SENDER_NAME USER_ENABLE_AUTH0 USER_ENABLE_CHANGE_PASSWORD
    USER_ENABLE_CHANGE_USERNAME USER_ENABLE_CONFIRM_EMAIL USER_ENABLE_EMAIL
    USER_ENABLE_FORGOT_PASSWORD USER_ENABLE_INVITE_USER USER_ENABLE_MULTIPLE_EMAILS
    USER_ENABLE_REGISTER USER_ENABLE_REMEMBER_ME USER_ENABLE_USERNAME
    USER_FORGOT_PASSWORD_TEMPLATE USER_FORGOT_PASSWORD_URL USER_IFIND_MODE
    USER_INVITE_EXPIRATION USER_INVITE_USER_EMAIL_TEMPLATE USER_INVITE_USER_TEMPLATE
    USER_INVITE_USER_URL USER_LOGIN_AUTH0_TEMPLATE USER_LOGIN_TEMPLATE USER_LOGIN_URL
    USER_LOGOUT_URL USER_MANAGE_EMAILS_TEMPLATE USER_MANAGE_EMAILS_URL
    USER_PASSLIB_CRYPTCONTEXT_KEYWORDS USER_PASSLIB_CRYPTCONTEXT_SCHEMES
    USER_PASSWORD_CHANGED_EMAIL_TEMPLATE USER_REGISTERED_EMAIL_TEMPLATE USER_REGISTER_TEMPLATE
    USER_REGISTER_URL USER_REQUIRE_INVITATION USER_REQUIRE_RETYPE_PASSWORD
    USER_RESEND_CONFIRM_EMAIL_TEMPLATE USER_RESEND_EMAIL_CONFIRMATION_URL
    USER_RESET_PASSWORD_EMAIL_TEMPLATE USER_RESET_PASSWORD_EXPIRATION
    USER_RESET_PASSWORD_TEMPLATE USER_RESET_PASSWORD_URL USER_SEND_PASSWORD_CHANGED_EMAIL
    USER_SEND_REGISTERED_EMAIL USER_SEND_USERNAME_CHANGED_EMAIL USER_SHOW_EMAIL_DOES_NOT_EXIST
    USER_SHOW_USERNAME_DOES_NOT_EXIST USER_UNAUTHENTICATED_ENDPOINT USER_UNAUTHORIZED_ENDPOINT
    USER_USERNAME_CHANGED_EMAIL_TEMPLATE USER_USER_SESSION_EXPIRATION
""".split()
ENDPOINTS = """
    user.change_password user.change_username user.confirm_email user.edit_user_profile
    user.email_action user.forgot_password user.invite_user user.login user.logout
    user.manage_emails user.register user.resend_email_confirmation user.reset_password
""".split()
#: In ``flask_user/``, but for the layout that a project replaces.
TEMPLATES = """
    _authorized_base.html _common_base.html _macros.html _public_base.html change_password.html
    change_username.html edit_user_profile.html flask_user_layout.html forgot_password.html
    invite_user.html login.html login_auth0.html login_or_register.html manage_emails.html
    register.html resend_confirm_email.html reset_password.html
""".split()
#: Each in files for subject, text and HTML.
MAILS = """
    base confirm_email invite_user password_changed registered reset_password username_changed
""".split()
#: And the attributes of the manager that name them.
FORMS = """
    AddEmailForm AddEmailFormClass ChangePasswordForm ChangePasswordFormClass ChangeUsernameForm
    ChangeUsernameFormClass EditUserProfileForm EditUserProfileFormClass ForgotPasswordForm
    ForgotPasswordFormClass InviteUserForm InviteUserFormClass LoginForm LoginFormClass
    RegisterForm RegisterFormClass ResendEmailConfirmationForm ResendEmailConfirmationFormClass
    ResetPasswordForm ResetPasswordFormClass
""".split()
GUARDS = """
    @allow_unconfirmed_email @login_required @roles_accepted @roles_required
""".split()
SIGNALS = """
    user_changed_password user_changed_username user_confirmed_email user_forgot_password
    user_logged_in user_logged_out user_registered user_reset_password user_sent_invitation
""".split()
#: Of the manager, the mixin for a user, and the manager of rows.
METHODS = """
    add_user add_user_email add_user_invitation add_user_role call_or_get change_password_view
    change_username_view commit confirm_email_view create_all_tables customize delete_object
    drop_all_tables edit_user_profile_view email_action_view email_is_available
    find_user_by_username find_user_emails forgot_password_view generate_token get_id
    get_primary_user_email_object get_user_and_user_email_by_email get_user_and_user_email_by_id
    get_user_by_id get_user_by_token get_user_email_by_id get_user_invitation_by_id
    get_user_roles has_roles hash_password init_app invite_user_view login_view logout_view
    make_safe_url manage_emails_view password_validator prepare_domain_translations
    register_view resend_email_confirmation_view reset_password_view save_object
    save_user_and_user_email unauthenticated_view unauthorized_view user_has_confirmed_email
    username_is_available username_validator verify_password verify_token
""".split()
MANAGERS = """
    DBManager EmailAdapterInterface EmailManager PasswordManager SMTPEmailAdapter
    SendgridEmailAdapter SendmailEmailAdapter TokenManager
""".split()
