from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from config import health

urlpatterns = [
    path("api/", include("config.api")),
    path("admin/", admin.site.urls),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", health.metrics),
    path("", include("organizations.urls")),
    path("", include("compliance.urls")),
    path("", include("templates_app.urls")),
    path("", include("itsm.urls")),
    path("", include("cloudbench.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"

if settings.DEBUG:
    from config import gallery

    urlpatterns += [path("design/", include(gallery.urlpatterns))]
