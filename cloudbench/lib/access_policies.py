"""The documents that let Plumbline read an account: what it may do, and who may assume the role. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

POLICY_NAME, ROLE_NAME = "plumbline-read", "plumbline-read"
LONGEST_DOCUMENT = 6144
"""Characters of a managed policy; white space does not count. Source: IAM and STS quotas."""
PRINCIPAL = re.compile(r"arn:aws(-cn|-us-gov)?:(iam|sts)::\d{12}:(root|(user|role|assumed-role)/[\w+=,.@/-]{1,200})")
TO_FILL_IN = "FILL_IN"
"""What stands in a document where something is not known; AWS refuses a document that still has it."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Access:
    """What a role needs: its ``actions``; who may assume it (``principal``, ARN) and with which ``external_id``.

    Both are empty where they are not known.
    """

    actions: tuple[str, ...]
    principal: str = ""
    external_id: str = ""

    @property
    def documents(self) -> list[Document]:
        """Return the permissions as policy documents, as many as IAM's limit of length takes."""
        return [document_of(part) for part in _parts(self.actions)]

    @property
    def trust(self) -> Document:
        """Return the trust policy of the role."""
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "PlumblineAssumesWithExternalId",
                    "Effect": "Allow",
                    "Principal": {"AWS": self.principal or f"{TO_FILL_IN}_ARN_THAT_PLUMBLINE_RUNS_AS"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"sts:ExternalId": self.external_id or f"{TO_FILL_IN}_EXTERNAL_ID"}},
                }
            ],
        }


def document_of(actions: Sequence[str]) -> Document:
    """Return a policy document that allows ``actions`` and nothing else."""
    statement = {"Sid": "PlumblineRead", "Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def length_of(document: Document) -> int:
    """Return the characters that IAM counts."""
    return len(json.dumps(document, separators=(",", ":")))


def _parts(actions: Sequence[str]) -> Iterator[list[str]]:
    """Share ``actions`` out over documents in their order, each as full as it may be."""
    part: list[str] = []
    for action in actions:
        if part and length_of(document_of([*part, action])) > LONGEST_DOCUMENT:
            yield part
            part = []
        part.append(action)
    if part:
        yield part


def names_of(documents: Sequence[Document]) -> list[str]:
    """Return a name for each of the policies."""
    return [POLICY_NAME if len(documents) == 1 else f"{POLICY_NAME}-{n}" for n in range(1, len(documents) + 1)]


# --- Terraform --------------------------------------------------------------------------------------------------------


def terraform(access: Access) -> str:
    """Return a Terraform file: the role with its trust, the policies, and their attachments."""
    parts = [
        _variable("plumbline_principal_arn", "The ARN that Plumbline runs as: a user or role.", access.principal),
        _variable("plumbline_external_id", "The external id that Plumbline shows for the account.", access.external_id),
        _ROLE,
        *(_policy(name, document) for name, document in zip(names_of(access.documents), access.documents, strict=True)),
        _OUTPUT,
    ]
    return "\n".join(parts)


def _variable(name: str, description: str, default: str) -> str:
    lines = [f"variable {_text(name)} {{", f"  description = {_text(description)}", "  type        = string"]
    if default:
        lines.append(f"  default     = {_text(default)}")
    return "\n".join([*lines, "}", ""])


def _policy(name: str, document: Document) -> str:
    label = name.replace("-", "_")
    actions = "\n".join(f"        {_text(action)}," for action in document["Statement"][0]["Action"])
    return f"""resource "aws_iam_policy" "{label}" {{
  name        = "{name}"
  description = "Lets Plumbline read what its benchmarks check."

  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Sid      = "PlumblineRead"
      Effect   = "Allow"
      Resource = "*"
      Action = [
{actions}
      ]
    }}]
  }})
}}

resource "aws_iam_role_policy_attachment" "{label}" {{
  role       = aws_iam_role.plumbline_read.name
  policy_arn = aws_iam_policy.{label}.arn
}}
"""


def _text(value: str) -> str:
    """Return ``value`` as a string of Terraform's language."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


_ROLE = f"""resource "aws_iam_role" "plumbline_read" {{
  name                 = "{ROLE_NAME}"
  description          = "Read-only access for Plumbline's cloud benchmarks."
  max_session_duration = 3600

  assume_role_policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Sid       = "PlumblineAssumesWithExternalId"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = {{ AWS = var.plumbline_principal_arn }}
      Condition = {{
        StringEquals = {{ "sts:ExternalId" = var.plumbline_external_id }}
      }}
    }}]
  }})
}}
"""
_OUTPUT = """output "plumbline_role_arn" {
  description = "Enter this as the role ARN of the account in Plumbline."
  value       = aws_iam_role.plumbline_read.arn
}
"""
