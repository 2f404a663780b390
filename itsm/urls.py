from django.urls import path

from itsm.views.alerts import AcknowledgeAlert, AlertList

app_name = "itsm"

urlpatterns = [
    path("alerts/", AlertList.as_view(), name="alerts"),
    path("alerts/<int:pk>/acknowledge/", AcknowledgeAlert.as_view(), name="acknowledge_alert"),
]
