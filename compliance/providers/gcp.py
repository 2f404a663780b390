"""Compute Engine instances, through Google's SDK. An optional extra: requirements/install.sh gcp."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud import compute_v1
from google.oauth2 import service_account
from google.protobuf.json_format import Error as UnfitJson

from compliance.providers.answers import family_in, plain, seen
from compliance.providers.base import (
    LONGEST_PAUSE_S,
    MOST_PAGES,
    MOST_TRIES,
    READ_TIMEOUT_S,
    Access,
    Malformed,
    NotFound,
    ProviderError,
    Refused,
    Seen,
    TestOutcome,
    Throttled,
    Unreachable,
    outcome_of,
)
from compliance.providers.sessions import mount, trouble_of

LONGEST_LISTING_S = 60.0
FIRST_PAUSE_S = 0.5
PATH = re.compile(r"(?:https://[^/]+/compute/v1/)?projects/([^/]+)/zones/([a-z0-9-]+)/instances/([a-z0-9-]{1,63})")
ZONE = re.compile(r"[a-z]+-[a-z]+\d+-[a-z]")
NUMBER, NAME = re.compile(r"\d{1,20}"), re.compile(r"[a-z][a-z0-9-]{0,62}")
POWER = {"RUNNING": "running", "TERMINATED": "stopped", "STOPPED": "stopped", "SUSPENDED": "stopped"}
AGAIN = (exceptions.TooManyRequests, exceptions.InternalServerError, exceptions.BadGateway,
         exceptions.ServiceUnavailable, exceptions.GatewayTimeout)  # fmt: skip
PERMISSIONS = {"get": "compute.instances.get", "list": "compute.instances.list"}


class Gcp:
    """Looks instances of one project up, with a service account's key; tokens are signed here, none are fetched."""

    def __init__(self, access: Access) -> None:
        self._project, self._host = access.scope["project_id"], urlsplit(access.endpoint).hostname or ""
        self._client: Any = compute_v1.InstancesClient(
            credentials=_credentials_of(access.secret["service_account_key"]),
            client_options={"api_endpoint": access.endpoint},
        )
        # The SDK makes its sessions by itself and has no other way to have their connections guarded. The second one
        # would ask Google where the account may be used, a hint that nothing here needs: it reaches nothing now.
        transport: Any = self._client.transport
        session = transport._session
        mount(session, access, access.endpoint)
        mount(session._auth_request_session, access)

    def test(self) -> TestOutcome:
        """Ask for one page of the project's instances."""

        def ask() -> str:
            request = compute_v1.AggregatedListInstancesRequest(project=self._project, max_results=1)
            with self._failures_told("list", f"project {self._project}"):
                self._client.aggregated_list(request=request, **_limits())
            return f"Google Cloud takes the key, and instances of {self._project} can be listed."

        return outcome_of(ask)

    def look(self, instance_id: str, *, region: str = "", name: str = "", hints: Mapping[str, str] = {}) -> Seen:
        """Return what Compute Engine tells of the instance with this number, path or, in the zone ``region``, name.

        A path among ``hints`` saves looking through all zones; its instance must then have the number.
        """
        number = instance_id if NUMBER.fullmatch(instance_id) else ""
        place = self._place_of(instance_id, region, name, hints)
        if place is None and number:
            return self._seen_of(self._listed(number))
        if place is None:
            raise NotFound(f"{plain(instance_id, 120)!r} is no instance of the project {self._project}.")
        with self._failures_told("get", f"instance {place[1]} in {place[0]}"):
            found = self._client.get(project=self._project, zone=place[0], instance=place[1], **_limits())
        if number and str(found.id) != number:
            raise NotFound(f"{place[1]} in {place[0]} is another instance now; it does not have the ID {number}.")
        return self._seen_of(found)

    def _place_of(
        self, instance_id: str, region: str, name: str, hints: Mapping[str, str]
    ) -> tuple[str, str] | None:  # fmt: skip
        """Return (zone, name or number) as far as it is known without asking."""
        for text in (instance_id, *hints.values()):
            found = PATH.fullmatch(text)
            if found and found[1] == self._project:
                return found[2], found[3]
        if ZONE.fullmatch(region) and (NUMBER.fullmatch(instance_id) or NAME.fullmatch(instance_id)):
            return region, instance_id
        return None

    def _listed(self, number: str) -> Any:
        """Return the instance with ``number`` from the list of all zones. Raises NotFound."""
        until = time.monotonic() + LONGEST_LISTING_S
        request = compute_v1.AggregatedListInstancesRequest(project=self._project, filter=f"id = {number}")
        with self._failures_told("list", f"project {self._project}"):
            pages = self._client.aggregated_list(request=request, **_limits()).pages
            for count, page in enumerate(pages, 1):
                for zone in page.items.values():
                    for instance in zone.instances:
                        if str(instance.id) == number:
                            return instance
                if count >= MOST_PAGES or time.monotonic() > until:
                    raise Malformed("The list of instances does not end; nothing is concluded from it.")
        raise NotFound(f"Google Cloud knows no instance with the ID {number} in {self._project}.")

    def _seen_of(self, instance: Any) -> Seen:
        with _readable():
            os_name = _image_of(instance)
            return seen(
                addresses=list(_addresses_of(instance)),
                os_family="windows" if _is_windows(instance) else family_in(os_name),
                os_name=os_name.rpartition("/")[2],
                power_state=POWER.get(instance.status, "other" if instance.status else ""),
                tags=dict(instance.labels),
                name=instance.name,
            )

    @contextmanager
    def _failures_told(self, call: str, which: str) -> Iterator[None]:
        try:
            with _readable():
                yield
        except exceptions.RetryError as error:
            raise self._meaning_of(error.cause or error, call, which) from error
        except (exceptions.GoogleAPICallError, GoogleAuthError, requests.RequestException) as error:
            raise self._meaning_of(error, call, which) from error

    def _meaning_of(self, error: BaseException, call: str, which: str) -> ProviderError:
        if isinstance(error, exceptions.NotFound):
            return NotFound(f"Google Cloud knows no {which}.")
        if isinstance(error, exceptions.Unauthorized):
            return Refused("Refused: Google does not take the key; check that it is active and this server's clock.")
        if isinstance(error, exceptions.Forbidden):
            return Refused(_forbidden_words(str(error.message), PERMISSIONS[call], self._project))
        if isinstance(error, exceptions.TooManyRequests):
            return Throttled("Google Cloud wants fewer calls; it is asked again later.")
        if isinstance(error, exceptions.ServerError):
            return Unreachable(f"Google Cloud had trouble of its own ({error.code}).")
        if isinstance(error, requests.RequestException | GoogleAuthError):
            return trouble_of(error, self._host)
        return ProviderError(f"Google Cloud refused the call: {plain(str(error))}")


def _forbidden_words(said: str, permission: str, project: str) -> str:
    if "has not been used in project" in said or "it is disabled" in said:
        return f"The Compute Engine API is not enabled in {project}."
    return f"The service account lacks the permission {permission} in {project}; give it the role Compute Viewer."


def _credentials_of(key: str) -> Any:
    """Return credentials that sign their own tokens. Raises Refused unless ``key`` is a service account's key file."""
    try:
        said = json.loads(key)
        if not isinstance(said, dict) or said.get("type") != "service_account":
            raise Refused("The service account key is no key file of a service account; its type must say so.")
        made: Any = service_account.Credentials.from_service_account_info(said)
    except (ValueError, KeyError, TypeError, AttributeError, GoogleAuthError) as error:
        raise Refused("The service account key cannot be read; give the whole JSON file.") from error
    return made.with_always_use_jwt_access(True)


def _limits() -> dict[str, Any]:
    """Return time limit and tries of one call. Tries end by time; pauses grow so that MOST_TRIES fit in."""
    pauses = Retry(
        predicate=_passes(),
        initial=FIRST_PAUSE_S,
        multiplier=2.0,
        maximum=LONGEST_PAUSE_S,
        timeout=2.0 * READ_TIMEOUT_S,
    )
    return {"timeout": READ_TIMEOUT_S, "retry": pauses}


def _passes() -> Callable[[Exception], bool]:
    """Return what tells whether a call is tried again after an error: passing ones, MOST_TRIES in all."""
    kind, left = if_exception_type(*AGAIN), [MOST_TRIES - 1]

    def again(error: Exception) -> bool:
        left[0] -= 1
        return left[0] >= 0 and bool(kind(error))

    return again


def _image_of(instance: Any) -> str:
    """Return the licence of the boot disk, such as .../debian-cloud/global/licenses/debian-12-bookworm, or ""."""
    for disk in instance.disks:
        if disk.boot or len(instance.disks) == 1:
            return next((plain(licence) for licence in disk.licenses), "")
    return ""


def _is_windows(instance: Any) -> bool:
    return any(feature.type_ == "WINDOWS" for disk in instance.disks for feature in disk.guest_os_features)


def _addresses_of(instance: Any) -> Iterator[object]:
    for card in instance.network_interfaces:
        yield card.network_i_p
        yield card.ipv6_address
        for access in card.access_configs:
            yield access.nat_i_p
        for access in card.ipv6_access_configs:
            yield access.external_ipv6


@contextmanager
def _readable() -> Iterator[None]:
    """Have an answer of another shape than documented be told as Malformed."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UnfitJson) as error:
        raise Malformed("The answer of Google Cloud cannot be read.") from error
