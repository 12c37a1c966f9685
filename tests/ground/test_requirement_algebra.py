"""The algebra of requirements, beside a model that knows nothing but who is let in."""

from dataclasses import dataclass
from itertools import combinations
from operator import and_, invert, or_

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_useraccounts.models import User
from django_useraccounts.requirements import Requirement

NAMES = "abcd"
#: Everybody there can be: one for each set of roles.
PEOPLE = [frozenset(some) for count in range(5) for some in combinations(NAMES, count)]

names = st.sampled_from(NAMES)
need = names | st.lists(names, min_size=1, max_size=4)
needs = st.lists(need, min_size=1, max_size=3)


@dataclass(frozen=True)
class Case:
    """A requirement, and whom it has to let in: worked out from what was written, not from it."""

    requirement: Requirement
    guests: frozenset[frozenset[str]]

    def __and__(self, other):
        return Case(self.requirement & other.requirement, self.guests & other.guests)

    def __or__(self, other):
        return Case(self.requirement | other.requirement, self.guests | other.guests)


def case_of(needs):
    guests = frozenset(
        roles for roles in PEOPLE if all(any(name in roles for name in need) for need in needs)
    )
    return Case(Requirement(*needs), guests)


def combined(cases):
    return st.builds(
        lambda op, one, other: op(one, other), st.sampled_from([and_, or_]), cases, cases
    )


cases = st.recursive(needs.map(case_of), combined, max_leaves=5)
quickly = settings(deadline=None, max_examples=300)


def guests_of(requirement):
    return frozenset(roles for roles in PEOPLE if requirement.matches(roles))


@given(cases)
@quickly
def test_however_it_is_combined_it_lets_in_whom_it_should(case):
    assert guests_of(case.requirement) == case.guests


@given(cases, cases)
@quickly
def test_requirements_are_equal_that_let_in_the_same_people(one, other):
    assert (one.requirement == other.requirement) is (one.guests == other.guests)
    if one.guests == other.guests:
        assert hash(one.requirement) == hash(other.requirement)
        assert set(one.requirement.needs) == set(other.requirement.needs)


@given(cases, cases, cases)
@quickly
def test_and_and_or_are_what_they_are_in_logic(one, other, third):
    a, b, c = one.requirement, other.requirement, third.requirement

    assert a & b == b & a
    assert a | b == b | a
    assert (a & b) & c == a & (b & c)
    assert (a | b) | c == a | (b | c)
    assert a & (b | c) == (a & b) | (a & c)
    assert a | (b & c) == (a | b) & (a | c)
    assert a & (a | b) == a | (a & b) == a & a == a | a == a


@given(cases)
@quickly
def test_no_need_is_there_that_another_implies(case):
    needs = case.requirement.needs

    assert needs
    assert all(need for need in needs)
    assert not any(one <= other for one in needs for other in needs if one is not other)


@given(cases)
@quickly
def test_what_it_prints_is_itself(case):
    requirement = case.requirement

    assert eval(repr(requirement), {"Requirement": Requirement}) == requirement
    words = str(requirement).replace(" or ", " | ").replace(" and ", " & ")
    # With one need there are no brackets, and nothing beside it that they would be for.
    assert eval(words, {name: Requirement(name) for name in NAMES}) == requirement


@given(cases, cases)
@quickly
def test_a_requirement_is_a_need(one, other):
    a, b = one.requirement, other.requirement

    assert Requirement(a) == a
    assert Requirement(a, b) == a & b
    assert Requirement("a", a | b) == Requirement("a") & (a | b)


STARVING, ARTIST, PROGRAMMER = map(Requirement, ("starving", "artist", "programmer"))


@pytest.mark.parametrize(
    "requirement, words",
    [
        (STARVING & (PROGRAMMER | ARTIST), "starving and (artist or programmer)"),
        ((PROGRAMMER | ARTIST) & STARVING, "(artist or programmer) and starving"),
        (Requirement(STARVING, ["programmer", "artist"]), "starving and (artist or programmer)"),
        (
            (STARVING & ARTIST) | (STARVING & PROGRAMMER),
            "starving and (artist or programmer)",
        ),
        (ARTIST | (ARTIST & STARVING), "artist"),
        (ARTIST & STARVING & ARTIST, "artist and starving"),
        (
            (STARVING & ARTIST) | PROGRAMMER,
            "(programmer or starving) and (artist or programmer)",
        ),
        (STARVING | ARTIST | PROGRAMMER, "artist or programmer or starving"),
    ],
)
def test_it_still_reads_as_a_sentence_in_the_order_of_writing(requirement, words):
    assert str(requirement) == words


@pytest.mark.parametrize("other", ["artist", ["artist"], None, 7, True, {"artist"}])
@pytest.mark.parametrize("combine", [and_, or_])
def test_it_combines_with_requirements_only(combine, other):
    with pytest.raises(TypeError):
        combine(ARTIST, other)
    with pytest.raises(TypeError):
        combine(other, ARTIST)


def test_it_cannot_be_denied():
    with pytest.raises(TypeError):
        invert(ARTIST)


def test_a_requirement_in_a_list_raises():
    with pytest.raises(TypeError, match=r"A role name is a string, not Requirement\('artist'\)\."):
        Requirement("starving", [ARTIST, "programmer"])
    with pytest.raises(TypeError):
        Requirement.any_of(ARTIST)


@pytest.mark.django_db
def test_users_are_asked_and_found_by_a_requirement(django_assert_num_queries):
    from django_useraccounts.testing import make_user

    frida = make_user("frida", roles=["artist", "starving"])
    ada = make_user("ada", roles=["programmer"])
    make_user("pablo", roles=["artist"])
    hungry = (ARTIST & STARVING) | PROGRAMMER

    with django_assert_num_queries(1):
        assert set(User.objects.with_roles(hungry)) == {frida, ada}
    assert frida.has_roles(hungry)
    assert frida.has_roles("starving", ARTIST | PROGRAMMER)
    assert not ada.has_roles("starving", ARTIST | PROGRAMMER)
