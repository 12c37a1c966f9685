"""Files for a spreadsheet, which must not take what somebody typed for a formula."""

import re

#: Where a formula would begin, in Excel, LibreOffice and others (OWASP, "CSV Injection"); some take
#: wide signs for the same. Also behind a semicolon or a line, which begin a cell where spreadsheets
#: split at semicolons, as in half of Europe, and so read our quotes as letters.
FORMULA = re.compile(r'(?:^|[;\t\r\n])[\s"]*(?=[=+\-@＝＋－＠])|^(?=[\t\r\n])')

#: Without it, Excel takes UTF-8 for an old alphabet of Windows.
MARK = "\ufeff"


def harmless(text: str | None) -> str:
    """Return a text as no spreadsheet calculates it: with an apostrophe before what would."""
    return FORMULA.sub(lambda found: f"{found[0]}'", text or "")
