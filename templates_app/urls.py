from django.urls import path

from templates_app.views.templates import TemplateList, TemplatePage

app_name = "templates_app"

urlpatterns = [
    path("compliance/templates/", TemplateList.as_view(), name="templates"),
    path("compliance/templates/<int:pk>/", TemplatePage.as_view(), name="template"),
]
