from django.urls import path

from .views import CloseAccountView, ExportAccountView, FetchExportView

urlpatterns = [
    path("export-account/", ExportAccountView.as_view(), name="export_account"),
    path("fetch-export/<str:link>/", FetchExportView.as_view(), name="fetch_export"),
    path("close-account/", CloseAccountView.as_view(), name="close_account"),
]
