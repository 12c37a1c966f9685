from django.urls import path

from .views import ChangeUsernameView, EditProfileView, HistoryView, ProfileView

urlpatterns = [
    path("profile/", ProfileView.as_view(), name="profile"),
    path("edit-profile/", EditProfileView.as_view(), name="edit_profile"),
    path("history/", HistoryView.as_view(), name="history"),
    path("change-username/", ChangeUsernameView.as_view(), name="change_username"),
]
