"""
Who reads docs/tutorial.rst: takes each word for an order, in the order of the page.

=========================  =====================================================================
on the page                done by the reader
=========================  =====================================================================
``code-block:: shell``     is run line by line, in the folder where the last one has ended
``code-block:: text``      has to be in what the last commands have said, or the server; a link
                           in it is opened. "…" is what nobody can know before.
any other ``code-block``   is added to the file that its first line names
a link to port 8000        is opened in the browser
a table                    is typed into the program that asks, or into the page; ✓ ticks
**bold**                   is pressed: a button, or a link; of "Go or Run" that which is there
*italic*                   has to be seen on the page
=========================  =====================================================================

Three things differ. The environment at hand stands in for a new one, since to install takes
minutes. Any free port stands in for 8000. And the server is started anew where its files have
changed: it would do so by itself, but nobody could say when it is ready.
"""

import os
import pty
import re
import select
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from docutils import nodes
from playwright.sync_api import Page, expect

from tests.following import Project, found_in
from tests.servers import free_port

#: What a reader types and this one does not, see above.
NEW_ENVIRONMENT = re.compile(r"python3 -m venv \.venv|\. \.venv/bin/activate|pip install .*")
T = TypeVar("T")

#: Seconds for a mail, a server, an answer.
PATIENCE = 30


class Reader:
    """Follows a page in a folder, with a browser; what does not come as it says fails."""

    def __init__(self, folder: Path, page: Page) -> None:
        self.project, self.page = Project(folder), page
        self.address = f"127.0.0.1:{free_port()}"
        self.said = ""
        self.asking: Asking | None = None
        self.server: Server | None = None
        #: What was done, so that a test can say that the page has not lost its words.
        self.done: list[str] = []

    def follow(self, text: nodes.document) -> None:
        """Do what the page says, from its first line to its last."""
        for node in text.findall():
            if isinstance(node, nodes.literal_block):
                self.take_block(self.as_here(node.astext()), node["classes"])
            elif isinstance(node, nodes.table):
                self.fill_in(node)
            elif isinstance(node, nodes.strong):
                self.press(node.astext())
            elif isinstance(node, nodes.emphasis):
                self.see(node.astext())
            elif "127.0.0.1:8000" in node.astext() and isinstance(node, nodes.reference):
                self.open(self.as_here(node["refuri"]))

    def stop(self) -> None:
        """End what was started."""
        if self.server:
            self.server.stop()
        if self.asking:
            self.asking.process.kill()

    def as_here(self, text: str) -> str:
        return text.replace("127.0.0.1:8000", self.address)

    def take_block(self, block: str, classes: list[str]) -> None:
        if "shell" in classes:
            self.said = ""
            for line in block.splitlines():
                self.run(line)
        elif "text" in classes:
            self.find(block)
        else:
            self.project.write(block)
            if self.server:
                self.server.is_outdated = True

    def run(self, line: str) -> None:
        words = shlex.split(line)
        if NEW_ENVIRONMENT.fullmatch(line):
            return
        if words[0] == "cd":
            self.project.folder /= words[1]
        elif "runserver" in words:
            self.server = Server([*words, "--noreload", self.address], self.project)
        elif "createsuperuser" in words:
            self.asking = Asking(words, self.project)
        else:
            self.said += self.project.command(words)
        self.done.append(line)

    def find(self, block: str) -> None:
        """Wait for the text in what the last commands have said, or the server."""
        found = wait_for(lambda: found_in(f"{self.said}\n{self.log}", block), block)
        link = re.search(r"http\S+", found[0])
        if link:
            self.open(link[0])

    @property
    def log(self) -> str:
        return self.server.log.read_text() if self.server else ""

    def open(self, url: str) -> None:
        assert self.server, "The page to read opens a page before it has started the server."
        self.server.bring_up_to_date()
        self.page.goto(url)

    def press(self, name: str) -> None:
        called = re.compile("|".join(f"^{re.escape(part)}$" for part in name.split(" or ")))
        button, link = (self.page.get_by_role(role, name=called) for role in ("button", "link"))
        with self.page.expect_navigation():
            button.or_(link).first.click()
        self.done.append(name)

    def see(self, text: str) -> None:
        expect(self.page.locator("body")).to_contain_text(text, use_inner_text=True)
        self.done.append(text)

    def fill_in(self, table: nodes.table) -> None:
        """Answer the program that asks, or fill in the form on the page."""
        rows = [
            [cell.astext() for cell in row.findall(nodes.entry)] for row in table.findall(nodes.row)
        ]
        for label, value in rows[1:]:
            if self.asking:
                self.asking.answer(label, value)
            else:
                self.enter(label, value)
        if self.asking:
            self.said, self.asking = self.asking.stop(), None

    def enter(self, label: str, value: str) -> None:
        if value == "✓":
            self.page.get_by_role("row").filter(has_text=label).get_by_role("checkbox").check()
            return
        # Django's administration writes a colon behind a label.
        field = self.page.get_by_label(re.compile(rf"^{re.escape(label)}(:|$)"))
        if field.evaluate("field => field.localName") == "select":
            field.select_option(label=value)
        else:
            field.fill(value)


class Server:
    """The server of development, which is started anew when its project has changed."""

    def __init__(self, words: list[str], project: Project) -> None:
        self.words, self.project, self.is_outdated = words, project, False
        self.log = project.folder / "server.log"
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = self.project.start(self.words, stdout=log, stderr=log)
        wait_for(lambda: "Quit the server" in self.log.read_text(), "the server")

    def bring_up_to_date(self) -> None:
        if self.is_outdated:
            self.stop()
            self.log.unlink()
            self.start()
            self.is_outdated = False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class Asking:
    """A program that asks at a terminal."""

    def __init__(self, words: list[str], project: Project) -> None:
        self.terminal, theirs = pty.openpty()
        # In a session of its own it has no other terminal that it could ask for the password.
        self.process = project.start(
            words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.said = ""

    def answer(self, question: str, answer: str) -> None:
        """Wait for a question, and type the answer."""
        self.said = ""
        while not self.said.endswith(f"{question}: "):
            part = self.read()
            assert part, f"Instead of {question!r} it said {self.said!r}."
            self.said += part
        os.write(self.terminal, f"{answer}\n".encode())

    def stop(self) -> str:
        """Wait for its end, and return what it has said last."""
        while part := self.read():
            self.said += part
        os.close(self.terminal)
        assert self.process.wait() == 0, self.said
        return self.said

    def read(self) -> str:
        """Return what it says next, nothing at its end, which Linux tells by an error."""
        ready, _, _ = select.select([self.terminal], [], [], PATIENCE)
        try:
            return os.read(self.terminal, 1000).decode() if ready else ""
        except OSError:
            return ""


def wait_for(look: Callable[[], T], what: str) -> T:
    """Return what ``look`` finds, as soon as it does."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"Waited in vain for {what}."
        time.sleep(0.05)
    return found
