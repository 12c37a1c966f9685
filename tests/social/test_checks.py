"""What manage.py check says about the settings of the room."""

import subprocess
import sys

import pytest
from django.core import checks
from django.core.checks import Error
from django.utils.translation import gettext_lazy

from django_useraccounts.social.checks import check_social, check_social_deployed
from django_useraccounts.social.models import Connection
from django_useraccounts.social.providers import OAuth2Provider
from tests.social.presets import APPLE_PEM, PRESETS

KEYS = {"CLIENT_ID": "the-site", "CLIENT_SECRET": "the-secret"}
GUILD = {"ISSUER": "https://id.guild.example", **KEYS}
WHERE = 'USERACCOUNTS["SOCIAL"]["PROVIDERS"]'


@pytest.fixture
def check(set_conf):
    set_conf(ORIGIN="https://guild.example")

    def found(providers):
        set_conf(SOCIAL={"PROVIDERS": providers})
        return check_social(None)

    return found


def error(number, message, hint):
    return Error(message, hint=hint, id=f"useraccounts_social.{number}")


class Plain(OAuth2Provider):
    """A project's own, which says nothing of a nonce."""

    issuer = "https://plain.example"

    def fetch_profile(self, call):
        return {}


class Bare(Plain):
    uses_pkce = False


def test_every_preset_is_in_order_and_so_is_none(check):
    both = {name: preset.options for name, preset in PRESETS.items() if name != "linkedin"}

    trusted = {**GUILD, "LABEL": gettext_lazy("Guild"), "DOMAINS": ("Guild.example", "*")}
    assert check({**both, "guild": trusted}) == []
    assert check({}) == []


def test_what_is_no_dictionary_is_left_to_the_check_of_types(check):
    assert check("google") == check(None) == check(["google"]) == []


def test_E001_the_library_is_missing(check, monkeypatch):
    monkeypatch.setitem(sys.modules, "authlib", None)

    assert check({"guild": GUILD}) == [
        error(
            "E001",
            "People are to log in by a provider, and authlib is not installed.",
            'Install it: pip install "django_useraccounts[social]".',
        )
    ]
    assert check({}) == []


@pytest.mark.parametrize(
    "name", ["My Guild", "guild/", "", "gïld", "guild\n", "-guild", 7, "g" * 41]
)
def test_E002_a_name_that_cannot_stand_in_a_url_or_in_its_column(check, name):
    assert check({name: GUILD}) == [
        error(
            "E002",
            f"{WHERE} has the name {name!r}, which is to stand in URLs, and in a column.",
            'Write at most 40 small letters, digits and hyphens, like "my-provider".',
        )
    ]


def test_E002_a_name_that_just_fits(check):
    longest = "g" * Connection._meta.get_field("provider").max_length

    assert check({longest: GUILD}) == []


def test_E002_an_entry_that_is_no_dictionary(check):
    assert check({"google": "the-site"}) == [
        error(
            "E002",
            f'{WHERE}["google"] is no dictionary.',
            'Write "google": {"CLIENT_ID": "…", "CLIENT_SECRET": "…"}.',
        )
    ]


@pytest.mark.parametrize(
    "name, options, hint",
    [
        ("gogle", KEYS, 'Did you mean "google"?'),
        ("work", {"PROVIDER": "microsft", **KEYS}, 'Did you mean "microsoft"?'),
        (
            "guild",
            KEYS,
            f"Presets are: {', '.join(PRESETS)}. Any other needs an ISSUER, or a PROVIDER.",
        ),
    ],
)
def test_E003_a_provider_that_is_none(check, name, options, hint):
    [found] = check({name: options})

    assert found.id == "useraccounts_social.E003"
    assert found.msg == (
        f"The provider “{name}” is no preset, and has neither an ISSUER nor the dotted path of a "
        "class as its PROVIDER."
    )
    assert found.hint == hint


@pytest.mark.parametrize(
    "path",
    [
        "os.path.join",
        "os.nothing",
        "nothing.at.all",
        "",
        ".x",
        7,
        "decimal.Decimal",
        "django_useraccounts.social.providers.OAuth2Provider",
    ],
)
def test_E003_a_path_to_something_else(check, path):
    [found] = check({"guild": {"PROVIDER": path, **GUILD}})

    assert found.id == "useraccounts_social.E003"


@pytest.mark.parametrize(
    "name, options, lacking",
    [
        ("google", {"CLIENT_ID": "the-site"}, "CLIENT_SECRET"),
        ("google", {"CLIENT_ID": "", "CLIENT_SECRET": None}, "CLIENT_ID, CLIENT_SECRET"),
        ("apple", {"CLIENT_ID": "the-site", "PRIVATE_KEY": APPLE_PEM}, "TEAM_ID, KEY_ID"),
        ("guild", {"PROVIDER": f"{__name__}.Plain"}, "CLIENT_ID, CLIENT_SECRET"),
    ],
)
def test_E004_an_option_is_missing(check, name, options, lacking):
    assert check({name: options}) == [
        error(
            "E004",
            f'{WHERE}["{name}"] has no {lacking}.',
            "Add it. Where it comes from an environment, look whether that is set.",
        )
    ]


@pytest.mark.parametrize(
    "name, option, reason, hint",
    [
        ("google", "LABLE", "There is no such option.", 'Did you mean "LABEL"?'),
        ("google", "client_id", "There is no such option.", 'Did you mean "CLIENT_ID"?'),
        (
            "facebook",
            "DOMAINS",
            "The word of Facebook on an address is never proof.",
            'Take "DOMAINS" out.',
        ),
        (
            "microsoft",
            "DOMAINS",
            "The word of Microsoft on an address is never proof.",
            'Take "DOMAINS" out.',
        ),
        ("google", "ISSUER", "The issuer of Google is always the same.", 'Take "ISSUER" out.'),
        (
            "apple",
            "CLIENT_SECRET",
            "The secret of Apple is signed anew for each login.",
            'Take "CLIENT_SECRET" out.',
        ),
    ],
)
def test_E005_an_option_that_is_none_here(check, name, option, reason, hint):
    assert check({name: {**PRESETS[name].options, option: ("x",)}}) == [
        error("E005", f'{WHERE}["{name}"] has "{option}". {reason}', hint)
    ]


def test_E005_an_option_that_is_like_no_other(check):
    [found] = check({"github": {**KEYS, "COLOUR": "black"}})

    assert found.hint == (
        "Known are: CLIENT_ID, CLIENT_SECRET, DOMAINS, PROVIDER, LABEL, SCOPES, KEEP_TOKENS."
    )


@pytest.mark.parametrize(
    "name, option, value",
    [
        ("google", "SCOPES", "openid"),
        ("google", "SCOPES", ("openid", 7)),
        ("google", "SCOPES", ("email",)),
        ("google", "DOMAINS", "guild.example"),
        ("google", "DOMAINS", ("@guild.example",)),
        ("google", "DOMAINS", ("*.guild.example",)),
        ("google", "DOMAINS", ("guild",)),
        ("google", "KEEP_TOKENS", "yes"),
        ("microsoft", "TENANT", "guild.onmicrosoft.com"),
        ("apple", "PRIVATE_KEY", "FGHIJ67890"),
        ("guild", "ISSUER", "id.guild.example"),
        ("guild", "ISSUER", "https://[id"),
        ("guild", "ISSUER", "https://frida@id.guild.example"),
        ("guild", "ISSUER", "https://"),
        ("guild", "ISSUER", 7),
        ("google", "CLIENT_ID", 7),
        ("google", "CLIENT_SECRET", ("the-secret",)),
        ("google", "LABEL", 7),
    ],
)
def test_E006_a_value_that_cannot_be_meant_is_told_without_secrets(check, name, option, value):
    options = PRESETS[name].options if name in PRESETS else GUILD

    [found] = check({name: {**options, option: value}})

    assert found.id == "useraccounts_social.E006"
    assert option in found.msg
    assert "the-secret" not in found.msg + found.hint
    assert APPLE_PEM not in found.msg


def test_E007_two_buttons_for_one_client(check):
    assert check({"google": KEYS, "work": {"PROVIDER": "google", **KEYS}}) == [
        error(
            "E007",
            f'{WHERE}["work"] is the same client of the same provider as {WHERE}["google"]: one '
            "identity would come by two buttons.",
            "Take one of them out.",
        )
    ]
    other = {**KEYS, "CLIENT_ID": "another"}
    assert check({"google": KEYS, "work": {"PROVIDER": "google", **other}}) == []


def test_E008_an_issuer_without_https(check):
    assert check({"guild": {**GUILD, "ISSUER": "http://id.guild.example/a"}}) == [
        error(
            "E008",
            f'The ISSUER of {WHERE}["guild"] is "http://id.guild.example/a": whoever stands on the '
            "way can say who logs in.",
            'Write "https://id.guild.example/a".',
        )
    ]


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:9000", "[::1]:9000"])
def test_W001_an_issuer_on_this_machine_is_for_developing(check, settings, host):
    settings.DEBUG = True
    assert check({"guild": {**GUILD, "ISSUER": f"http://{host}"}}) == []

    settings.DEBUG = False
    assert check({"guild": {**GUILD, "ISSUER": f"http://{host}"}}) == [
        checks.Warning(
            f'The ISSUER of {WHERE}["guild"] is on this machine itself, and DEBUG is off.',
            hint="Write the address by which browsers reach it, with https.",
            id="useraccounts_social.W001",
        )
    ]


def test_E009_people_would_be_sent_back_without_https(check, set_conf, settings):
    set_conf(ORIGIN="http://guild.example")
    settings.DEBUG = False

    assert check({"google": KEYS}) == [
        error(
            "E009",
            'USERACCOUNTS["ORIGIN"] is "http://guild.example": providers would send people back '
            "without https, and most refuse to.",
            'Write "ORIGIN": "https://guild.example".',
        )
    ]


def test_people_may_be_sent_back_to_the_machine_of_who_develops(check, set_conf, settings):
    settings.DEBUG = False
    set_conf(ORIGIN="http://localhost:8000")
    assert check({"google": KEYS}) == []

    set_conf(ORIGIN="http://guild.example")
    settings.DEBUG = True
    assert check({"google": KEYS}) == []


def test_E010_the_session_does_not_come_back(check, settings):
    settings.SESSION_COOKIE_SAMESITE = "Strict"

    assert check({"google": KEYS}) == [
        error(
            "E010",
            'SESSION_COOKIE_SAMESITE is "Strict": who comes back from a provider comes without the '
            "session in which the login was begun.",
            'Write SESSION_COOKIE_SAMESITE = "Lax", which is the default.',
        )
    ]
    assert check({}) == []


def test_W002_sessions_that_everybody_can_read(check, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"

    assert check({"google": KEYS}) == [
        checks.Warning(
            "SESSION_ENGINE keeps sessions in signed cookies: what binds a login to its browser "
            "can be read there, and an old cookie brings back what was used up.",
            hint='Write SESSION_ENGINE = "django.contrib.sessions.backends.db".',
            id="useraccounts_social.W002",
        )
    ]


def test_W003_a_provider_that_binds_nothing_to_the_browser(check):
    assert check({"linkedin": KEYS}) == [
        checks.Warning(
            "LinkedIn knows neither PKCE nor a nonce: who gets hold of the code of somebody else, "
            "before it is used, can log in as that person.",
            hint='If you accept that, write SILENCED_SYSTEM_CHECKS = ["useraccounts_social.W003"].',
            id="useraccounts_social.W003",
        )
    ]
    [own] = check({"bare": {"PROVIDER": f"{__name__}.Bare", **KEYS}})
    assert own.id == "useraccounts_social.W003"
    assert check({"plain": {"PROVIDER": f"{__name__}.Plain", **KEYS}}) == []


def test_W004_nobody_knows_where_people_are_sent_back_to(check, set_conf):
    check({"google": KEYS})
    set_conf(ORIGIN=None)

    assert check_social_deployed(None) == [
        checks.Warning(
            "USERACCOUNTS has no ORIGIN, so that the request says where providers send people back "
            "to: behind a proxy that is http, which they refuse.",
            hint='Write USERACCOUNTS = {"ORIGIN": "https://example.com"}.',
            id="useraccounts_social.W004",
        )
    ]


@pytest.mark.parametrize(
    "name, value",
    [
        ("USERACCOUNTS", {"ORIGIN": "https://guild.example", "SOCIAL": {"PROVIDERS": {"x": {}}}}),
        ("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https")),
        ("SECURE_SSL_REDIRECT", True),
    ],
)
def test_somebody_knows_where_people_are_sent_back_to(check, set_conf, settings, name, value):
    check({"google": KEYS})
    set_conf(ORIGIN=None)
    setattr(settings, name, value)

    assert check_social_deployed(None) == []


@pytest.mark.usefixtures("sites_framework")
def test_the_sites_framework_knows_where_people_are_sent_back_to(check, set_conf):
    check({"google": KEYS})
    set_conf(ORIGIN=None)

    assert check_social_deployed(None) == []


def test_W005_accounts_that_open_to_an_address(set_conf):
    providers = {"guild": GUILD}
    set_conf(ORIGIN="https://guild.example", SOCIAL={"PROVIDERS": providers})
    assert check_social_deployed(None) == []

    set_conf(SOCIAL={"PROVIDERS": providers, "CONNECT_BY_EMAIL": True})

    assert check_social_deployed(None) == [
        checks.Warning(
            'USERACCOUNTS["SOCIAL"] has "CONNECT_BY_EMAIL": True: who has an address at a provider '
            "comes into the account that has it here, without a proof of that account.",
            hint="Silence this check if each account may be as safe as the provider; or leave it "
            "out.",
            id="useraccounts_social.W005",
        )
    ]


@pytest.mark.parametrize("domains", [("*",), ["guild.example", "*"]])
def test_W006_a_provider_that_is_believed_every_address(check, domains):
    check({"guild": {**GUILD, "DOMAINS": domains}, "google": {**KEYS, "DOMAINS": ("x.example",)}})

    assert check_social_deployed(None) == [
        checks.Warning(
            f'{WHERE}["guild"]["DOMAINS"] has "*": whatever address the provider says that '
            "somebody has counts as confirmed.",
            hint='Write the domains whose mail the provider runs, like "guild.example".',
            id="useraccounts_social.W006",
        )
    ]


@pytest.mark.parametrize("options", ["*", {**GUILD, "DOMAINS": 7}, {**GUILD, "DOMAINS": "*"}, {}])
def test_what_is_no_list_of_domains_is_told_by_another_check(check, options):
    assert check({"guild": options}) != []

    assert check_social_deployed(None) == []


def test_one_mistake_hides_no_other(check):
    found = check({"google": {}, "facebook": {**KEYS, "DOMAINS": ("*",), "LABLE": "F"}, "x y": {}})

    assert [message.id[-4:] for message in found] == ["E004", "E005", "E005", "E002"]


def test_a_look_at_the_settings_imports_no_library():
    given = {name: {**preset.options} for name, preset in PRESETS.items()}
    code = f"""
import django, sys
from django.conf import settings
django.setup()
settings.USERACCOUNTS = {{"SOCIAL": {{"PROVIDERS": {given!r}}}}}
from django_useraccounts.social.checks import check_social
assert [message.id[-4:] for message in check_social(None)] == ["W003"]
libraries = {{"authlib", "joserfc", "requests", "cryptography"}}
print(libraries.intersection(name.partition(".")[0] for name in sys.modules))
"""

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout == "set()\n"
