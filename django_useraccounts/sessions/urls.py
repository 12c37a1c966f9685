from django.urls import path

from .views import DisownLoginView, EndOtherSessionsView, EndSessionView, SessionsView

urlpatterns = [
    path("sessions/", SessionsView.as_view(), name="sessions"),
    path("end-session/<uuid:session_id>/", EndSessionView.as_view(), name="end_session"),
    path("end-other-sessions/", EndOtherSessionsView.as_view(), name="end_other_sessions"),
    path("disown-login/<str:link>/", DisownLoginView.as_view(), name="disown_login"),
]
