"""
The table of docs/asvs.rst: which requirements of OWASP ASVS 5.0 the tests show to be met.

    python -m tests.asvs          # write the table anew
    python -m tests.asvs --check  # exit with 1 if it is not current

A test says which it shows, by ``@pytest.mark.asvs("6.2.3")``; here they stand in words of ours.
"""

import ast
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "asvs.rst"
#: Between these lines the page is written by this module.
BEGIN, END = ".. The table: python -m tests.asvs writes it.\n", ".. The end of the table.\n"

#: Number, level, and what it comes to here.
REQUIREMENTS: dict[str, tuple[int, str]] = {
    "2.2.1": (1, "Input is held against what it should be: names, addresses, links, sizes."),
    "2.2.2": (1, "The server holds it, whatever a browser has checked."),
    "2.3.3": (2, "What is done is done whole, or not at all."),
    "2.3.4": (2, "What there is a limited number of is not given out twice."),
    "2.4.1": (2, "Nobody can have mails, accounts or costly work made without end."),
    "3.2.2": (1, "What people type is shown as text, never as markup."),
    "3.3.2": (2, "Cookies have a SameSite that fits them."),
    "3.3.4": (2, "Cookies are out of the reach of scripts."),
    "3.4.3": (2, "Pages work under a policy for content with object-src and base-uri none."),
    "3.4.4": (2, "Every answer of the pages forbids to guess its kind (nosniff)."),
    "3.4.5": (2, "No other site learns a path by the Referer, and none holds a secret."),
    "3.4.6": (2, "No page can be framed."),
    "3.5.1": (1, "A form of another site does nothing."),
    "3.5.3": (1, "Only a POST changes anything."),
    "3.7.2": (2, "A redirect leads to this site only."),
    "6.2.1": (1, "A password has at least 8 characters."),
    "6.2.2": (1, "People can change their password."),
    "6.2.3": (1, "That takes the current one."),
    "6.2.4": (1, "The passwords that everybody tries first are refused."),
    "6.2.5": (1, "Any letters will do. (Without Django's NumericPasswordValidator.)"),
    "6.2.6": (1, "Fields for passwords hide what is typed."),
    "6.2.7": (1, "Password managers and pasting work."),
    "6.2.8": (2, "A password is checked as it was typed, spaces and all."),
    "6.2.9": (2, "It may have 64 characters and more."),
    "6.2.11": (2, "It may not be like the own name or address."),
    "6.2.12": (2, "It is looked for among those of data breaches, by a validator."),
    "6.3.1": (1, "Guessing is limited, before anything is tried."),
    "6.3.4": (2, "Every way in has the same rules: pages, administration, links, code."),
    "6.3.7": (3, "People are told by mail of a new password and of changed addresses."),
    "6.3.8": (3, "No answer tells whether an address has an account."),
    "6.4.1": (1, "Mailed links are random, work once, and end."),
    "6.4.3": (2, "A forgotten password is reset by proof of the mailbox."),
    "6.4.6": (3, "An administrator has a link mailed, and sets nobody's password."),
    "6.8.1": (2, "An identity counts by provider and subject, so none passes for another."),
    "6.8.2": (2, "What a provider says counts with its signature only."),
    "7.2.1": (1, "A session is looked up on the server at each request."),
    "7.4.1": (1, "A logout ends the session; going back shows nothing."),
    "7.4.2": (1, "Who is switched off, or closes the account, has no session any more."),
    "7.4.3": (2, "A new password ends all other sessions."),
    "7.4.5": (2, "An administrator can end the sessions of somebody."),
    "7.5.1": (2, "Changing what lets in asks for the password again."),
    "7.6.2": (2, "Nobody is logged in without having asked for it."),
    "8.2.1": (1, "A guarded page opens to its roles only."),
    "8.2.2": (1, "What is somebody else's cannot be reached by its number."),
    "8.2.3": (2, "A form sets its own fields and no other column."),
    "8.3.1": (1, "Guards run on the server, for every method."),
    "8.3.2": (3, "A role that was taken is gone at the next request."),
    "9.1.1": (1, "A token without the right signature is refused."),
    "9.1.2": (1, "A token chooses no algorithm; none is none."),
    "9.1.3": (1, "Keys come from the provider that is configured."),
    "9.2.1": (1, "A token or link counts in its time only."),
    "9.2.2": (2, "A token or link counts for its purpose only."),
    "9.2.3": (2, "A token for another site is refused."),
    "10.1.1": (2, "Tokens of a provider stay on the server, and are not kept unasked."),
    "10.1.2": (2, "An answer counts in the browser and the login that asked for it."),
    "10.2.1": (2, "An answer needs the state that was sent, and PKCE."),
    "10.2.2": (2, "The answer of another provider gets no code."),
    "10.5.1": (2, "An ID token is bound to its login by a nonce."),
    "10.5.2": (2, "People are known by the subject, not by the address."),
    "10.5.3": (2, "Metadata have to be those of the issuer that is configured."),
    "10.5.4": (2, "An ID token is for this client."),
    "11.4.2": (2, "Passwords are hashed by Argon2 with enough memory; a check tells otherwise."),
    "11.5.1": (2, "Links and states have 128 random bits and more."),
    "14.2.1": (1, "No secret stays in a URL, or goes into the query."),
    "14.2.2": (2, "No shared cache keeps a guarded page."),
    "14.3.2": (2, "Browsers store no page of the accounts."),
    "16.2.1": (2, "An event tells when, who, whose, what, and from where."),
    "16.2.5": (2, "No password and no link gets into logs or reports."),
    "16.5.1": (2, "An error tells the visitor nothing of the inside."),
    "16.5.2": (2, "Mail servers, providers and lists that are away hold nobody up for long."),
    "16.5.3": (2, "What fails half way opens nothing."),
}


def marked() -> Iterator[tuple[str, str]]:
    """Yield the number of a requirement and the test that shows it, as pytest names it."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if ".asvs(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                for number in _numbers(node):
                    yield number, f"{path.relative_to(ROOT).as_posix()}::{node.name}"


def _numbers(function: ast.FunctionDef) -> Iterator[str]:
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.asvs":
            yield from (str(ast.literal_eval(argument)) for argument in mark.args)


def table() -> str:
    """Return the table in reStructuredText, by chapter."""
    shown: dict[str, list[str]] = {}
    for number, test in marked():
        shown.setdefault(number, []).append(test)
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 8 6 36 50", ""]
    lines += _row("Number", "Level", "What it comes to here", "Shown by")
    for number, (level, words) in REQUIREMENTS.items():
        tests = [f"| ``{test}``" for test in sorted(shown.get(number, []))]
        lines += _row(number, str(level), words, *tests)
    return "\n".join(lines) + "\n"


def _row(number: str, level: str, words: str, *tests: str) -> list[str]:
    first, *more = tests or ("",)
    wrapped = textwrap.wrap(words, 90)
    rows = [f"   * - {number}", f"     - {level}", f"     - {wrapped[0]}"]
    rows += [f"       {line}" for line in wrapped[1:]]
    return [*rows, f"     - {first}", *(f"       {test}" for test in more)]


def page() -> str:
    """Return the page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _table, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    is_current = PAGE.read_text(encoding="utf-8") == page()
    if "--check" in sys.argv:
        return 0 if is_current else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
