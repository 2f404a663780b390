from django.urls import path

from templates_app.views.check_editor import CheckEditor
from templates_app.views.checks import AddChecks, ChangeChecks, KindOptions, MoveCheck, RemoveCheck, ToggleCheck
from templates_app.views.templates import (
    CopyTemplate,
    DeleteTemplate,
    ExportTemplate,
    ImportTemplate,
    NewTemplate,
    NewVersion,
    TemplateList,
    TemplatePage,
)

app_name = "templates_app"
TEMPLATES = "compliance/templates/"
ONE = f"{TEMPLATES}<int:pk>/"
CHECK = f"{ONE}checks/<int:check>/"

urlpatterns = [
    path(TEMPLATES, TemplateList.as_view(), name="templates"),
    path(f"{TEMPLATES}new/", NewTemplate.as_view(), name="new"),
    path(f"{TEMPLATES}import/", ImportTemplate.as_view(), name="import"),
    path(f"{TEMPLATES}fact-kinds/", KindOptions.as_view(), name="kind_options"),
    path(ONE, TemplatePage.as_view(), name="template"),
    path(f"{ONE}copy/", CopyTemplate.as_view(), name="copy"),
    path(f"{ONE}delete/", DeleteTemplate.as_view(), name="delete"),
    path(f"{ONE}new-version/", NewVersion.as_view(), name="new_version"),
    path(f"{ONE}export/", ExportTemplate.as_view(), name="export"),
    path(f"{ONE}checks/change/", ChangeChecks.as_view(), name="change_checks"),
    path(f"{ONE}checks/add/", AddChecks.as_view(), name="add_checks"),
    path(f"{ONE}checks/new/", CheckEditor.as_view(), name="new_check"),
    path(CHECK, CheckEditor.as_view(), name="check"),
    path(f"{CHECK}toggle/", ToggleCheck.as_view(), name="toggle_check"),
    path(f"{CHECK}move/", MoveCheck.as_view(), name="move_check"),
    path(f"{CHECK}remove/", RemoveCheck.as_view(), name="remove_check"),
]
