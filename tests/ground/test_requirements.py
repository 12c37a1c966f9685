"""A requirement of roles: in Python and in SQL the same answer."""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from hypothesis import given, settings
from hypothesis import strategies as st

from django_useraccounts.decorators import roles_accepted, roles_required
from django_useraccounts.mixins import RolesAcceptedMixin, RolesRequiredMixin
from django_useraccounts.models import Role, RoleGrant, User
from django_useraccounts.requirements import Requirement, guarded_names
from django_useraccounts.roles.flows import grant_role, revoke_role
from django_useraccounts.testing import make_user

NAMES = ["a", "b", "c", "d"]
names = st.sampled_from(NAMES)
need = names | st.lists(names, min_size=1, max_size=4) | st.lists(names, min_size=1).map(tuple)
needs = st.lists(need, min_size=1, max_size=4)
written = needs.map(lambda needs: Requirement(*needs))
#: As they are written, and put together from two or three.
requirements = st.recursive(
    written,
    lambda some: st.tuples(some, some).flatmap(
        lambda two: st.sampled_from([two[0] | two[1], two[0] & two[1]])
    ),
    max_leaves=3,
)


@pytest.mark.parametrize(
    "needs, roles, met",
    [
        (["a"], "a", True),
        (["a"], "", False),
        (["a"], "b", False),
        (["a", "b"], "ab", True),
        (["a", "b"], "a", False),
        (["a", "b"], "b", False),
        ([["a", "b"]], "a", True),
        ([["a", "b"]], "b", True),
        ([["a", "b"]], "c", False),
        ([("a", "b")], "b", True),
        (["a", ["b", "c"]], "ab", True),
        (["a", ["b", "c"]], "ac", True),
        (["a", ["b", "c"]], "abc", True),
        (["a", ["b", "c"]], "a", False),
        (["a", ["b", "c"]], "bc", False),
        ([["a", "b"], ["c", "d"]], "bc", True),
        ([["a", "b"], ["c", "d"]], "ab", False),
        ([["a", "b"], ["b", "c"]], "b", True),
        (["a", "a"], "a", True),
    ],
)
def test_a_list_is_met_by_one_of_its_roles_and_every_need_counts(needs, roles, met):
    assert Requirement(*needs).matches(set(roles)) is met
    assert Requirement(*needs).matches(frozenset(roles)) is met


@given(needs, st.sets(names))
@settings(deadline=None, max_examples=300)
def test_it_answers_as_the_words_say(needs, roles):
    every = all(
        need in roles if isinstance(need, str) else any(name in roles for name in need)
        for need in needs
    )

    assert Requirement(*needs).matches(roles) is every


@given(needs, needs, st.sets(names))
@settings(deadline=None)
def test_two_requirements_together_ask_for_both(one, other, roles):
    both = Requirement(*one) & Requirement(*other)

    assert both.matches(roles) is (
        Requirement(*one).matches(roles) and Requirement(*other).matches(roles)
    )
    assert both == Requirement(*one, *other) == Requirement(*other, *one)
    assert hash(both) == hash(Requirement(*other, *one))
    assert eval(repr(both), {"Requirement": Requirement}) == both


def test_equal_requirements_are_equal_in_any_spelling():
    assert Requirement("a") == Requirement(["a"]) == Requirement("a", ("a",))
    assert Requirement.any_of("a", "b") == Requirement(["b", "a"])
    assert Requirement("a") != Requirement("b")
    assert Requirement("a") != "a"


@pytest.mark.parametrize(
    "requirement, words",
    [
        (Requirement("starving", ["programmer", "artist"]), "starving and (artist or programmer)"),
        (Requirement("a", "b"), "a and b"),
        (Requirement(["b", "a"]), "a or b"),
        (Requirement(["a"]), "a"),
    ],
)
def test_a_requirement_reads_as_a_sentence(requirement, words):
    assert str(requirement) == words


@pytest.mark.parametrize(
    "needs, error",
    [
        ((), ValueError),
        (([],), ValueError),
        (((),), ValueError),
        (("a", []), ValueError),
        (([[]],), TypeError),
        (([["a"]],), TypeError),
        (("a", ["b", ["c"]]), TypeError),
        ((7,), TypeError),
        (([7],), TypeError),
        ((None,), TypeError),
        (([None],), TypeError),
        (({"a"},), TypeError),
        (({"a": 1},), TypeError),
        ((b"a",), TypeError),
        ((True,), TypeError),
        (("A",), ValueError),
        ((["a", "B"],), ValueError),
        (("",), ValueError),
        ((" a",), ValueError),
        (("a\n",), ValueError),
        (("a b",), ValueError),
        (("a,b",), ValueError),
        (("-a",), ValueError),
        (("ä",), ValueError),
        (("а",), ValueError),
        (("a" * 65,), ValueError),
    ],
)
def test_what_cannot_be_meant_raises(needs, error):
    with pytest.raises(error):
        Requirement(*needs)


@pytest.mark.parametrize(
    "wrong, error", [((), ValueError), ((["a"],), TypeError), (("A",), ValueError)]
)
def test_any_of_takes_names_only(wrong, error):
    with pytest.raises(error):
        Requirement.any_of(*wrong)


@pytest.mark.parametrize("name", ["a", "0", "a.b_c:d-e", "a" * 64])
def test_names_may_have_signs(name):
    assert Requirement(name).matches({name})


# In the database

PERIODS = {
    "past": (-20, -10),
    "just over": (-20, -0.01),
    "running": (-20, 20),
    "future": (10, 20),
    "open": (-20, None),
    "open future": (10, None),
}


@pytest.mark.django_db
def test_sql_and_python_find_the_same_users(django_assert_num_queries):
    # given people with every kind of grant, some of them switched off
    dice = random.Random(7)
    now = timezone.now()
    roles = {name: Role.objects.create(name=name) for name in NAMES}
    users = User.objects.bulk_create(
        User(username=f"user{number}", is_active=number % 5 > 0) for number in range(40)
    )
    for user in User.objects.all():
        for _ in range(dice.randint(0, 5)):
            start, end = PERIODS[dice.choice(list(PERIODS))]
            RoleGrant.objects.create(
                user=user,
                role=roles[dice.choice(NAMES)],
                starts_at=now + timedelta(hours=start),
                ends_at=now + timedelta(hours=end) if end is not None else None,
            )
    everybody = list(User.objects.all())
    assert len(users) == len(everybody)

    @given(requirements)
    @settings(deadline=None, max_examples=60)
    def check(requirement):
        found = list(User.objects.with_roles(requirement))
        assert len(found) == len(set(found))
        assert set(found) == {user for user in everybody if user.has_roles(requirement)}
        assert all(user.is_active for user in found)

    check()
    with django_assert_num_queries(1):
        list(User.objects.with_roles("a", ["b", "c"]))


@pytest.mark.django_db
def test_a_role_counts_from_its_start_to_its_end():
    user = make_user()
    Role.objects.create(name="member")
    now = timezone.now()
    grant = grant_role(user, "member", since=now, until=now + timedelta(hours=1))

    for moment, counts in [
        (grant.starts_at - timedelta(microseconds=1), False),
        (grant.starts_at, True),
        (grant.ends_at - timedelta(microseconds=1), True),
        (grant.ends_at, False),
    ]:
        assert RoleGrant.objects.in_force(moment).exists() is counts


@pytest.mark.django_db
def test_wrong_calls_raise_before_any_query(django_assert_num_queries):
    user = make_user()

    with django_assert_num_queries(0):
        for wrong in ((), ([],), ("A",), ([["a"]],)):
            with pytest.raises((TypeError, ValueError)):
                user.has_roles(*wrong)
            with pytest.raises((TypeError, ValueError)):
                User.objects.with_roles(*wrong)


@pytest.mark.django_db
def test_roles_are_asked_for_once_until_they_change(django_assert_num_queries):
    make_user(roles=["artist"])
    user, other = User.objects.get(), User.objects.get()
    assert other.has_roles("artist")

    with django_assert_num_queries(1):
        assert user.has_roles("artist")
        assert not user.has_roles("editor")
        assert user.role_names == {"artist"}
    revoke_role(user, "artist")

    assert not user.has_roles("artist")
    assert other.has_roles("artist")  # another object, loaded before
    other.refresh_from_db()
    assert not other.has_roles("artist")


# In templates


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked, shown",
    [
        ("artist", "yes"),
        ("artist,programmer", "yes"),
        (" programmer , artist ", "yes"),
        ("programmer", "no"),
        ("programmer,editor", "no"),
    ],
)
def test_a_template_asks_for_roles(asked, shown):
    template = Template(
        "{% load useraccounts %}{% if user|has_roles:asked %}yes{% else %}no{% endif %}"
    )
    user = make_user(roles=["artist", "starving"])

    assert template.render(Context({"user": user, "asked": asked})) == shown


@pytest.mark.django_db
def test_a_template_asks_for_all_of_several():
    template = Template(
        "{% load useraccounts %}"
        '{% if user|has_roles:"starving" and user|has_roles:"artist,programmer" %}yes{% endif %}'
    )

    assert template.render(Context({"user": make_user("a", roles=["starving", "artist"])})) == "yes"
    assert template.render(Context({"user": make_user("b", roles=["artist"])})) == ""


@pytest.mark.django_db
def test_a_template_asks_for_a_requirement_that_code_has_named():
    template = Template("{% load useraccounts %}{% if user|has_roles:hungry %}yes{% endif %}")
    hungry = Requirement("starving") & Requirement("artist", ["starving", "programmer"])
    frida, pablo = make_user("frida", roles=["starving", "artist"]), make_user("pablo")

    assert template.render(Context({"user": frida, "hungry": hungry})) == "yes"
    assert template.render(Context({"user": pablo, "hungry": hungry})) == ""


def test_strangers_have_no_roles():
    from django.contrib.auth.models import AnonymousUser

    template = Template('{% load useraccounts %}{% if user|has_roles:"artist" %}yes{% endif %}')

    assert template.render(Context({"user": AnonymousUser()})) == ""
    assert template.render(Context({})) == ""


@pytest.mark.parametrize("wrong", ["", ",", "artist,", "Artist", "artist programmer"])
def test_a_template_that_asks_for_nothing_that_can_be_meant_fails(wrong):
    template = Template("{% load useraccounts %}{{ user|has_roles:wrong }}")

    with pytest.raises(ValueError):
        template.render(Context({"user": None, "wrong": wrong}))


def test_names_that_guards_ask_for_are_known_to_the_check():

    roles_required("known-by-the-check", ["or", "known-by-the-check-too"])
    roles_accepted("and-known")

    assert {
        "known-by-the-check",
        "known-by-the-check-too",
        "or",
        "and-known",
    } <= guarded_names.keys()


def test_where_a_guard_is_written_is_known_to_the_check():
    class Studio(RolesRequiredMixin):
        roles_required = ("where-one-works", ["where-one-works-too"])

    class Attic(RolesAcceptedMixin):
        roles_accepted = ("where-one-works",)

    @method_decorator(roles_required("where-one-works"), name="dispatch")
    class Cellar(View):
        pass

    function = "test_where_a_guard_is_written_is_known_to_the_check.<locals>"
    line = next(
        number
        for number, text in enumerate(Path(__file__).read_text().splitlines(), start=1)
        if "@method_decorator(roles_required" in text
    )
    assert guarded_names["where-one-works"] == {
        f"{__name__}.{function}.Studio",
        f"{__name__}.{function}.Attic",
        f"{__name__}:{line}",
    }
    assert guarded_names["where-one-works-too"] == {f"{__name__}.{function}.Studio"}


def test_a_word_is_not_read_as_the_roles_of_its_letters():
    with pytest.raises(TypeError):
        Requirement("a").matches("ab")
