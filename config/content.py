"""Where shipped content comes from: one loader and one check for each app that ships any, in the order of loading."""

from templates_app.services import content as templates

LOADERS = (templates.load_content,)
CHECKS = (templates.check_content,)
