"""The views of django.contrib.auth with small templates, and a page that registers by its form."""

from django.contrib.auth import views
from django.contrib.auth.forms import UserCreationForm
from django.urls import include, path
from django.views.generic import CreateView

FORM = "stock/form.html"
LOGIN = "/accounts/login/"

register = CreateView.as_view(form_class=UserCreationForm, template_name=FORM, success_url=LOGIN)
forgot = views.PasswordResetView.as_view(
    template_name=FORM,
    email_template_name="stock/mail.txt",
    subject_template_name="stock/subject.txt",
    success_url=LOGIN,
)
urlpatterns = [
    path("accounts/login/", views.LoginView.as_view(template_name=FORM)),
    path("accounts/register/", register),
    path("accounts/forgot/", forgot),
    path(
        "accounts/reset/<uidb64>/<token>/",
        views.PasswordResetConfirmView.as_view(template_name=FORM, success_url=LOGIN),
        name="reset",
    ),
    path(
        "accounts/change/",
        views.PasswordChangeView.as_view(template_name=FORM, success_url=LOGIN),
    ),
    path("", include("benchmarks.urls")),
]
