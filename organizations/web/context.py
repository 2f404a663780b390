from django.http import HttpRequest


def surroundings(request: HttpRequest) -> dict[str, object]:
    return {}
