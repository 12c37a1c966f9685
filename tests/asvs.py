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
    "1.1.1": (2, "What is typed is decoded once, and measured as it is then."),
    "1.1.2": (2, "Names are kept as they are, and escaped where they are shown."),
    "1.2.1": (1, "They are escaped for the place: HTML of pages and mails, headers."),
    "1.2.2": (1, "No link or redirect runs a script, and what is put into a URL is encoded."),
    "1.2.4": (1, "What people type is a value of a query, never a part of it."),
    "1.2.10": (3, "No file for a spreadsheet begins a formula."),
    "1.3.7": (2, "What looks like a template is text."),
    "1.3.10": (2, "So is what looks like a place in a text of ours, such as %s."),
    "1.3.11": (2, "Nothing that is typed begins a header of a mail, or adds a reader."),
    "2.2.1": (1, "Input is held against what it should be: names, addresses, links, sizes."),
    "2.2.2": (1, "The server holds it, whatever a browser has checked."),
    "2.3.1": (1, "No step is left out: the mail, the provider and the terms come first."),
    "2.3.2": (2, "Limits of a site hold: addresses of an account, its sessions, new usernames."),
    "2.3.3": (2, "What is done is done whole, or not at all."),
    "2.3.4": (2, "What there is a limited number of is not given out twice."),
    "2.4.1": (2, "Nobody can have mails, accounts or costly work made without end."),
    "3.2.1": (1, "Data are handed out as a file to keep, and no kind of an answer is guessed."),
    "3.2.2": (1, "What people type is shown as text, never as markup."),
    "3.3.1": (1, "Cookies of links and browsers have a prefix where SESSION_COOKIE_SECURE is set."),
    "3.3.2": (2, "Cookies have a SameSite that fits them; a check tells otherwise."),
    "3.3.3": (2, "That of browsers is __Host-; that of links has a narrow path and __Secure-."),
    "3.3.4": (2, "Cookies of sessions, links and browsers are out of the reach of scripts."),
    "3.4.2": (1, "No answer lets the scripts of another site read it."),
    "3.4.3": (2, "Pages work under a policy for content with object-src and base-uri none."),
    "3.4.4": (2, "Every page and every refusal forbids to guess its kind (nosniff)."),
    "3.4.5": (2, "No other site learns a path by the Referer, and none holds a secret."),
    "3.4.6": (2, "Pages work under a policy for content with frame-ancestors none."),
    "3.5.1": (1, "A form of another site does nothing."),
    "3.5.3": (1, "Only a POST changes anything."),
    "3.7.2": (2, "A wish where to go next leads to this site only."),
    "4.1.1": (1, "Every page says that it is HTML in UTF-8."),
    "4.1.3": (2, "Headers of proxies are believed as far as the site says that it has proxies."),
    "6.2.1": (1, "A password has at least 8 characters."),
    "6.2.2": (1, "People can change their password."),
    "6.2.3": (1, "That takes the current one."),
    "6.2.4": (1, "The passwords that everybody tries first are refused."),
    "6.2.5": (1, "Any letters will do. (Without Django's NumericPasswordValidator.)"),
    "6.2.6": (1, "Fields for passwords hide what is typed."),
    "6.2.7": (1, "Password managers and pasting work."),
    "6.2.8": (1, "A password is checked as it was typed, spaces and all."),
    "6.2.9": (2, "It may have 64 characters and more."),
    "6.2.10": (2, "It is good for as long as its owner likes: nobody has to change it by a date."),
    "6.2.11": (2, "It may not be like the own name or address. (More words: your validator.)"),
    "6.2.12": (2, "It is looked for among those of data breaches, by a validator that you add."),
    "6.3.1": (1, "Guessing is limited, before anything is tried."),
    "6.3.2": (1, "No account is there from the beginning."),
    "6.3.4": (2, "Every way in has the same rules: pages, administration, links, code."),
    "6.3.5": (3, "A login from a new browser is told by mail (room of sessions)."),
    "6.3.7": (3, "People are told by mail of a new password or username, and changed addresses."),
    "6.3.8": (3, "No answer tells whether an address has an account. (Usernames are public.)"),
    "6.4.1": (1, "Mailed links are random, work once, and end."),
    "6.4.2": (1, "There are no hints and no secret questions."),
    "6.4.3": (2, "A forgotten password is reset by proof of the mailbox."),
    "6.4.6": (3, "An administrator has a link mailed, and sets nobody's password."),
    "6.8.1": (2, "An identity counts by provider and subject, so none passes for another."),
    "6.8.2": (2, "What a provider says counts with its signature only."),
    "6.8.4": (2, "Who proves it by OpenID Connect has logged in there since. (Not all tell.)"),
    "7.2.1": (1, "A session is looked up on the server at each request."),
    "7.2.2": (1, "Each login makes a session of its own, and none from before is worth anything."),
    "7.2.3": (1, "The key of a session is random, of more than 128 bits."),
    "7.2.4": (1, "Who logs in, or proves it once more, goes on in a session with a new key."),
    "7.3.1": (2, "A session that is not used ends (room of sessions)."),
    "7.3.2": (2, "A session ends after a while, used or not (room of sessions)."),
    "7.4.1": (1, "A session that was logged out, or has ended, is of no use to anybody."),
    "7.4.2": (1, "Who is switched off, or closes the account, has no session any more."),
    "7.4.3": (2, "A new password ends all other sessions, and so does a provider that is cut off."),
    "7.4.4": (2, "On each page of who is logged in is a button to log out."),
    "7.4.5": (2, "An administrator can end the sessions of somebody."),
    "7.5.1": (2, "Changing what lets in takes the password anew, unless it was given just now."),
    "7.5.2": (2, "People see where they are logged in, and end it, likewise (room of sessions)."),
    "7.6.2": (2, "Nobody is logged in without having asked for it."),
    "8.2.1": (1, "A guarded page opens to its roles only, the administration by permissions."),
    "8.2.2": (1, "What is somebody else's cannot be reached by its number."),
    "8.2.3": (2, "Columns of rights are changed by who may give them, on no other page."),
    "8.3.1": (1, "Guards run on the server, for every method."),
    "8.3.2": (3, "A role that was taken is gone at the next request."),
    "9.1.1": (1, "A token without the right signature is refused."),
    "9.1.2": (1, "A token chooses no algorithm; none is none."),
    "9.1.3": (1, "Keys come from the provider that is configured, and not with the token."),
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
    "11.3.1": (1, "What is encrypted does not show where it repeats itself."),
    "11.3.2": (1, "Tokens that are kept are encrypted by AES with 256 bits, in GCM mode."),
    "11.3.3": (2, "What is encrypted cannot be changed unnoticed."),
    "11.4.1": (1, "Hashes are SHA-256. (Who knows of breaches is asked by SHA-1.)"),
    "11.4.2": (2, "Passwords are hashed by Argon2 with enough memory; a check tells otherwise."),
    "11.5.1": (2, "What nobody may guess has 128 bits and more: by an HMAC in links, else random."),
    "12.3.1": (2, "Providers, and those who know of breaches, are asked by https alone."),
    "12.3.2": (2, "They and mail servers have to show a certificate that is trusted."),
    "14.2.1": (1, "No secret stays in a URL, or goes into the query."),
    "14.2.2": (2, "No shared cache keeps a guarded page."),
    "14.2.3": (2, "Pages load nothing from elsewhere; five letters of a hash are all that leaves."),
    "14.3.1": (1, "After the logout the way back shows nothing."),
    "14.3.2": (2, "Browsers store no page of the accounts."),
    "15.2.2": (2, "What takes long is refused before it begins: by limits, and by length."),
    "15.3.1": (1, "Neither exports nor the administration show hashes, keys or links."),
    "15.3.2": (2, "Calls to the outside follow no redirect."),
    "15.3.3": (2, "A form sets its own fields and no other column."),
    "15.3.4": (2, "Limits and events have the address that the proxies of the site have seen."),
    "15.3.5": (2, "A text is no list, and what looks like true is not true."),
    "15.3.7": (2, "What is sent twice is taken once, or refused."),
    "16.2.1": (2, "An event tells when, who, whose, what, and from where."),
    "16.2.2": (2, "Its time is in UTC. (That clocks go right is yours.)"),
    "16.2.4": (2, "It is one line of JSON, with the facts as fields."),
    "16.2.5": (2, "No password and no link gets into logs or reports."),
    "16.3.1": (2, "Logins are written down, those that failed included."),
    "16.3.2": (2, "So is who was kept out by a guard, by Django's logger of requests."),
    "16.3.3": (2, "So is what a limit has refused."),
    "16.3.4": (2, "So are outages and failures of TLS."),
    "16.4.1": (2, "Nothing that is typed forges a line of the log."),
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
