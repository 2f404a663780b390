from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from organizations.selectors.reports import matches


class SumSerializer(serializers.Serializer):
    """The SHA-256 of a file, as 64 hexadecimal digits."""

    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}$", error_messages={"invalid": "Write 64 hexadecimal digits."})


class MatchSerializer(serializers.Serializer):
    """Whether the file is the report that was sealed under this id."""

    match = serializers.BooleanField()


class VerifyThrottle(UserRateThrottle):
    """So often may one user ask."""

    scope = "verify"
    rate = "60/min"


class VerifyReportView(APIView):
    """Whether a report id and a file's SHA-256 belong together; an unknown id and a wrong sum look the same."""

    throttle_classes = [VerifyThrottle]

    @extend_schema(parameters=[SumSerializer], responses=MatchSerializer)
    def get(self, request: Request, report_id: str) -> Response:
        """Compare by query parameter ``sha256``."""
        return self._answer(request.query_params, report_id)

    @extend_schema(request=SumSerializer, responses=MatchSerializer)
    def post(self, request: Request, report_id: str) -> Response:
        """Compare by body."""
        return self._answer(request.data, report_id)

    def _answer(self, given: object, report_id: str) -> Response:
        asked = SumSerializer(data=given)
        asked.is_valid(raise_exception=True)
        return Response({"match": matches(report_id=report_id, sha256=asked.validated_data["sha256"])})
