"""
The table of docs/asvs.rst: which requirements of OWASP ASVS 5.0 the tests show to be met.

    python -m tests.asvs          # write the table anew
    python -m tests.asvs --check  # exit with 1 if it is not current

A test says which it shows, by ``@pytest.mark.asvs("6.2.3")``; here they stand in words of ours. What of
levels 1 and 2 is not here has its place on the page, below the table.
"""

import ast
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "asvs.rst"
#: Between these lines the page is written by this module.
BEGIN, END = ".. The table: python -m tests.asvs writes it.\n", ".. The end of the table.\n"

#: The levels of 5.0.0, a line for each chapter and a word for each section of it: the first word of
#: the first line says that 1.1.1 and 1.1.2 are of level 2.
LEVELS = """
22 1111122223 112222222223 222 123
122 112 12223 23
3 113 12223 11222233 11122333 3 22333
12233 23333 22 1222
2 112333 113 222
122 111111112222 11223333 112233 22222333 2223 33 2222
222 1111 22 11222 223 22
1233 1123 133 23
111 1222
22 223 22223 1111122222233333 22222 22 222
2233 22233 11233 1222 23 23 33
12233 11 22223
2333 222223 2233 1222233
22 12223333 122
12233 12233 1222222 3333
2 22222 2222 222 2223
23 22223333 22
"""

#: What it comes to here.
REQUIREMENTS: dict[str, str] = {
    "1.1.1": "What is typed is decoded once, and measured as it is then.",
    "1.1.2": "Names are kept as they are, and escaped where they are shown.",
    "1.2.1": "They are escaped for the place: HTML of pages and mails, headers.",
    "1.2.2": "No link or redirect runs a script, and what is put into a URL is encoded.",
    "1.2.3": "JSON is made by a library: what looks like a part of it is text.",
    "1.2.4": "What people type is a value of a query, never a part of it.",
    "1.2.5": "No command of the system is run.",
    "1.2.9": "What is typed is no part of a regular expression.",
    "1.2.10": "No file for a spreadsheet begins a formula.",
    "1.3.2": "No text is run as code.",
    "1.3.3": "Names have no line breaks and no unseen signs; what is too long is refused.",
    "1.3.6": "Whom to ask outside is for the settings and the provider to say, never for a token.",
    "1.3.7": "What looks like a template is text.",
    "1.3.9": "Nothing that is typed is part of a key in a cache that counts.",
    "1.3.10": "So is what looks like a place in a text of ours, such as %s.",
    "1.3.11": "Nothing that is typed begins a header of a mail, or adds a reader.",
    "1.4.2": "A number that is too large is refused, or stands for none.",
    "1.5.2": "What comes in makes no objects: it is JSON, a form, or refused.",
    "2.2.1": "Input is held against what it should be: names, addresses, links, sizes.",
    "2.2.2": "The server holds it, whatever a browser has checked.",
    "2.2.3": "What goes together has to fit: a role ends after it starts, a password is no name.",
    "2.3.1": "No step is left out: the mail, the provider and the terms come first.",
    "2.3.2": "Limits of a site hold: addresses of an account, its sessions, new usernames.",
    "2.3.3": "What is done is done whole, or not at all.",
    "2.3.4": "What there is a limited number of is not given out twice.",
    "2.4.1": "Nobody can have mails, accounts or costly work made without end.",
    "3.2.1": "Data are handed out as a file to keep, and no kind of an answer is guessed.",
    "3.2.2": "What people type is shown as text, never as markup.",
    "3.3.1": "Cookies of links and browsers have a prefix where SESSION_COOKIE_SECURE is set.",
    "3.3.2": "Cookies have a SameSite that fits them; a check tells otherwise.",
    "3.3.3": "That of browsers is __Host-; that of links has a narrow path and __Secure-.",
    "3.3.4": "Cookies of sessions, links and browsers are out of the reach of scripts.",
    "3.4.2": "No answer lets the scripts of another site read it.",
    "3.4.3": "Pages work under a policy for content with object-src and base-uri none.",
    "3.4.4": "Every page and every refusal forbids to guess its kind (nosniff).",
    "3.4.5": "No other site learns a path by the Referer, and none holds a secret.",
    "3.4.6": "Pages work under a policy for content with frame-ancestors none.",
    "3.5.1": "A form of another site does nothing.",
    "3.5.3": "Only a POST changes anything.",
    "3.7.1": "Pages are HTML and CSS, with one script that may be left out, and no plugin.",
    "3.7.2": "A wish where to go next leads to this site only.",
    "4.1.1": "Every page says that it is HTML in UTF-8.",
    "4.1.3": "Headers of proxies are believed as far as the site says that it has proxies.",
    "5.4.1": "A file has the name that the site gives it, whatever was asked for.",
    "5.4.2": "It is of plain letters, digits and hyphens.",
    "6.1.1": "limits.rst says how guessing is limited, and what a stranger can do.",
    "6.2.1": "A password has at least 8 characters.",
    "6.2.2": "People can change their password.",
    "6.2.3": "That takes the current one.",
    "6.2.4": "The passwords that everybody tries first are refused.",
    "6.2.5": "Any letters will do. (Without Django's NumericPasswordValidator.)",
    "6.2.6": "Fields for passwords hide what is typed.",
    "6.2.7": "Password managers and pasting work.",
    "6.2.8": "A password is checked as it was typed, spaces and all.",
    "6.2.9": "It may have 64 characters and more.",
    "6.2.10": "It is good for as long as its owner likes: nobody has to change it by a date.",
    "6.2.11": "It may not be like the own name or address. (More words: your validator.)",
    "6.2.12": "It is looked for among those of data breaches, by a validator that you add.",
    "6.3.1": "Guessing is limited, before anything is tried.",
    "6.3.2": "No account is there from the beginning.",
    "6.3.4": "Every way in has the same rules: pages, administration, links, code.",
    "6.3.5": "A login from a new browser is told by mail (room of sessions).",
    "6.3.7": "People are told by mail of a new password or username, and changed addresses.",
    "6.3.8": "No answer tells whether an address has an account. (Usernames are public.)",
    "6.4.1": "Mailed links are random, work once, and end.",
    "6.4.2": "There are no hints and no secret questions.",
    "6.4.3": "A forgotten password is reset by proof of the mailbox.",
    "6.4.6": "An administrator has a link mailed, and sets nobody's password.",
    "6.8.1": "An identity counts by provider and subject, so none passes for another.",
    "6.8.2": "What a provider says counts with its signature only.",
    "6.8.4": "Who proves it by OpenID Connect has logged in there since. (Not all tell.)",
    "7.2.1": "A session is looked up on the server at each request.",
    "7.2.2": "Each login makes a session of its own, and none from before is worth anything.",
    "7.2.3": "The key of a session is random, of more than 128 bits.",
    "7.2.4": "Who logs in, or proves it once more, goes on in a session with a new key.",
    "7.3.1": "A session that is not used ends (room of sessions).",
    "7.3.2": "A session ends after a while, used or not (room of sessions).",
    "7.4.1": "A session that was logged out, or has ended, is of no use to anybody.",
    "7.4.2": "Who is switched off, or closes the account, has no session any more.",
    "7.4.3": "A new password ends all other sessions, and so does a provider that is cut off.",
    "7.4.4": "On each page of who is logged in is a button to log out.",
    "7.4.5": "An administrator can end the sessions of somebody.",
    "7.5.1": "Changing what lets in takes the password anew, unless it was given just now.",
    "7.5.2": "People see where they are logged in, and end it, likewise (room of sessions).",
    "7.6.1": "A session here ends by itself; the proof who it is is renewed at the provider.",
    "7.6.2": "Nobody is logged in without having asked for it.",
    "8.2.1": "A guarded page opens to its roles only, the administration by permissions.",
    "8.2.2": "What is somebody else's cannot be reached by its number.",
    "8.2.3": "Columns of rights are changed by who may give them, on no other page.",
    "8.3.1": "Guards run on the server, for every method.",
    "8.3.2": "A role that was taken is gone at the next request.",
    "9.1.1": "A token without the right signature is refused.",
    "9.1.2": "A token chooses no algorithm; none is none.",
    "9.1.3": "Keys come from the provider that is configured, and not with the token.",
    "9.2.1": "A token or link counts in its time only.",
    "9.2.2": "A token or link counts for its purpose only.",
    "9.2.3": "A token for another site is refused.",
    "10.1.1": "Tokens of a provider stay on the server, and are not kept unasked.",
    "10.1.2": "An answer counts in the browser and the login that asked for it.",
    "10.2.1": "An answer needs the state that was sent, and PKCE.",
    "10.2.2": "The answer of another provider gets no code.",
    "10.2.3": "A provider is asked for no more than is needed.",
    "10.5.1": "An ID token is bound to its login by a nonce.",
    "10.5.2": "People are known by the subject, not by the address.",
    "10.5.3": "Metadata have to be those of the issuer that is configured.",
    "10.5.4": "An ID token is for this client.",
    "11.2.1": "What encrypts, signs, hashes and draws lots is of Python, Django and libraries.",
    "11.2.2": "Keys, hashers of passwords and a provider's algorithms can be replaced meanwhile.",
    "11.2.3": "AES has 256 bits here, and so has what hashes.",
    "11.3.1": "What is encrypted does not show where it repeats itself.",
    "11.3.2": "Tokens that are kept are encrypted by AES with 256 bits, in GCM mode.",
    "11.3.3": "What is encrypted cannot be changed unnoticed.",
    "11.3.4": "A nonce serves once.",
    "11.4.1": "Hashes are SHA-256. (Who knows of breaches is asked by SHA-1.)",
    "11.4.2": "Passwords are hashed by Argon2 with enough memory; a check tells otherwise.",
    "11.4.3": "What is authenticated is so by SHA-256 and longer.",
    "11.5.1": "What nobody may guess has 128 bits and more: by an HMAC in links, else random.",
    "12.3.1": "Providers, and those who know of breaches, are asked by https alone.",
    "12.3.2": "They and mail servers have to show a certificate that is trusted.",
    "14.2.1": "No secret stays in a URL, or goes into the query.",
    "14.2.2": "No shared cache keeps a guarded page.",
    "14.2.3": "Pages load nothing from elsewhere; five letters of a hash are all that leaves.",
    "14.3.1": "After the logout the way back shows nothing.",
    "14.3.2": "Browsers store no page of the accounts.",
    "14.3.3": "Cookies hold random tokens and seals, and the storage of the browser is empty.",
    "15.2.2": "What takes long is refused before it begins: by limits, and by length.",
    "15.2.3": "The wheel has no tests and no demo; what helps tests of yours is at no URL.",
    "15.3.1": "Neither exports nor the administration show hashes, keys or links.",
    "15.3.2": "Calls to the outside follow no redirect.",
    "15.3.3": "A form sets its own fields and no other column.",
    "15.3.4": "Limits and events have the address that the proxies of the site have seen.",
    "15.3.5": "A text is no list, and what looks like true is not true.",
    "15.3.7": "What is sent twice is taken once, or refused.",
    "16.2.1": "An event tells when, who, whose, what, and from where.",
    "16.2.2": "Its time is in UTC. (That clocks go right is yours.)",
    "16.2.4": "It is one line of JSON, with the facts as fields.",
    "16.2.5": "No password and no link gets into logs or reports.",
    "16.3.1": "Logins are written down, those that failed included.",
    "16.3.2": "So is who was kept out by a guard, by Django's logger of requests.",
    "16.3.3": "So is what a limit has refused.",
    "16.3.4": "So are outages and failures of TLS.",
    "16.4.1": "Nothing that is typed forges a line of the log.",
    "16.5.1": "An error tells the visitor nothing of the inside.",
    "16.5.2": "Mail servers, providers and lists that are away hold nobody up for long.",
    "16.5.3": "What fails half way opens nothing.",
}

#: What is met in part: the table has it, and the page tells below the table what is left or lacks.
IN_PART = {
    *("3.3.1", "3.3.3", "3.4.3", "3.4.6", "3.5.1", "3.5.3"),
    *("6.2.5", "6.2.11", "6.3.8", "6.8.4", "7.4.4", "8.2.1", "8.2.2", "8.2.3"),
    *("11.2.2", "11.2.3", "11.4.2", "12.3.1", "14.2.1", "14.3.3", "15.2.3", "16.2.2"),
}


def levels() -> dict[str, int]:
    """Return the level of every requirement of the standard."""
    return {
        f"{chapter}.{section}.{number}": int(level)
        for chapter, line in enumerate(LEVELS.split("\n")[1:-1], 1)
        for section, word in enumerate(line.split(), 1)
        for number, level in enumerate(word, 1)
    }


def below() -> dict[str, list[str]]:
    """
    Return what the page names below the table, by the heading that it stands under.

    A section stands for what it has of levels 1 and 2.
    """
    text = PAGE.read_text(encoding="utf-8").partition(END)[2]
    _before, *parts = re.split(r"^(.+)\n-+\n", text, flags=re.MULTILINE)
    return {head: list(_named(part)) for head, part in zip(parts[::2], parts[1::2], strict=True)}


def _named(text: str) -> Iterator[str]:
    for brackets in re.findall(r"\((\d+\.\d[^)]*)\)", text):
        for number in re.findall(r"\d+\.\d[\d.]*", brackets):
            if number.count(".") == 2:
                yield number
            else:
                found = [each for each in levels() if each.startswith(f"{number}.")]
                yield from [each for each in found if levels()[each] < 3] or [number]


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
    for number, words in REQUIREMENTS.items():
        tests = [f"| ``{test}``" for test in sorted(shown.get(number, []))]
        told = f"{words} *In part, see below.*" if number in IN_PART else words
        lines += _row(number, str(levels()[number]), told, *tests)
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
