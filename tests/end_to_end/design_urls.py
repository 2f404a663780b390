"""The product's addresses plus the design gallery, which the product mounts only while DEBUG is on."""

from django.urls import include, path

from config.urls import *  # noqa: F403 - the product's own handlers and addresses

urlpatterns = [path("design/", include("config.gallery")), path("", include("config.urls"))]
