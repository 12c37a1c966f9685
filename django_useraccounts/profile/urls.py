from django.urls import path

from .views import ChangeUsernameView, EditProfileView, ProfileView

urlpatterns = [
    path("profile/", ProfileView.as_view(), name="profile"),
    path("edit-profile/", EditProfileView.as_view(), name="edit_profile"),
    path("change-username/", ChangeUsernameView.as_view(), name="change_username"),
]
