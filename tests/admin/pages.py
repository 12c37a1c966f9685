"""Fill in the pages of the administration as a browser does."""

from html.parser import HTMLParser

from django.contrib.auth.models import Permission
from django.urls import reverse

from django_useraccounts.testing import make_user


class Form(HTMLParser):
    """What a browser would send of the form on a page, were its first button pressed."""

    def __init__(self, html):
        super().__init__()
        self.data, self._select, self._textarea = {}, None, None
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        name = attrs.get("name")
        if tag == "form":
            self._inside = attrs.get("id", "").endswith("_form")
        if not self._inside or "disabled" in attrs or "__prefix__" in (name or ""):
            return
        if tag == "input" and name and attrs.get("type") != "submit":
            if attrs.get("type") != "checkbox" or "checked" in attrs:
                value = attrs.get("value", "on" if "checked" in attrs else "")
                # A browser sends each of several fields of one name.
                before = self.data.get(name)
                self.data[name] = value if before is None else [*_all(before), value]
        elif tag == "select":
            self._select = name
            if "multiple" in attrs:
                self.data[name] = []
        elif tag == "option" and "selected" in attrs and self._select:
            if isinstance(self.data.get(self._select), list):
                self.data[self._select].append(attrs["value"])
            else:
                self.data[self._select] = attrs["value"]
        elif tag == "textarea":
            self._textarea, self.data[name] = name, ""

    def handle_data(self, data):
        if self._textarea:
            self.data[self._textarea] += data.lstrip("\n").lstrip("\r\n")

    def handle_endtag(self, tag):
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None
        elif tag == "form":
            self._inside = False


def _all(value):
    return value if isinstance(value, list) else [value]


def page(name, *args, model="user"):
    return reverse(f"admin:useraccounts_{model}_{name}", args=args)


def save(client, user, **changes):
    """Open the page of a user, change some fields, press "Save"; None takes a field away."""
    path = page("change", user.pk)
    data = Form(client.get(path).content.decode()).data
    return client.post(path, with_changes(data, changes))


def save_row(client, row, model, **changes):
    """Open the page of a row, change some fields, and save; a refusal is followed by no page."""
    path = page("change", row.pk, model=model)
    data = Form(client.get(path).content.decode()).data
    return client.post(path, with_changes(data, changes), follow=True)


def listed(client, model, **asked):
    """Return the rows that a list shows."""
    response = client.get(page("changelist", model=model), asked)
    assert response.status_code == 200
    return list(response.context["cl"].queryset)


def with_changes(data, changes):
    changes = {name.replace("__", "-"): value for name, value in changes.items()}
    data = {**data, **changes}
    return {name: value for name, value in data.items() if value is not None}


def errors_of(response):
    """Return every sentence that stands above the form and in its fields."""
    assert response.status_code == 200
    errors = response.context["errors"]
    return [
        str(text) for error in errors for text in ([error] if isinstance(error, str) else error)
    ]


def act(client, action, *users, model="user"):
    """Run an action of the list on some rows; return the page that follows."""
    data = {"action": action, "_selected_action": [row.pk for row in users]}
    return client.post(page("changelist", model=model), data, follow=True)


def act_after_asking(client, action, *rows, model="user", **answers):
    """Run an action that asks first, and answer; return the page that follows."""
    asked = act(client, action, *rows, model=model)
    data = with_changes(Form(asked.content.decode()).data, answers)
    return client.post(page("changelist", model=model), data, follow=True)


def day(name, moment):
    """Return what a browser sends of a date and time."""
    return {f"{name}_0": f"{moment:%Y-%m-%d}", f"{name}_1": f"{moment:%H:%M:%S}"}


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def make_staff(*names, username="clerk"):
    """Make somebody who may log in to the administration, and what the permissions allow."""
    user = make_user(username, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    assert user.user_permissions.count() == len(names)
    return user
