"""With which permissions somebody can take further ones: the publicly known ways, on statements of IAM policies."""

import re
from collections.abc import Iterable
from functools import cache

from cloudbench.engine.checks.policies import POSITIVE, Condition, Statement, allows, covers

ESCALATIONS: tuple[tuple[str, ...], ...] = (
    ("iam:CreatePolicyVersion",),
    ("iam:SetDefaultPolicyVersion",),
    ("iam:CreateAccessKey",),
    ("iam:CreateLoginProfile",),
    ("iam:UpdateLoginProfile",),
    ("iam:AttachUserPolicy",),
    ("iam:AttachGroupPolicy",),
    ("iam:AttachRolePolicy",),
    ("iam:PutUserPolicy",),
    ("iam:PutGroupPolicy",),
    ("iam:PutRolePolicy",),
    ("iam:AddUserToGroup",),
    ("iam:UpdateAssumeRolePolicy", "sts:AssumeRole"),
    ("iam:PassRole", "ec2:RunInstances"),
    ("iam:PassRole", "autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup"),
    ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
    ("iam:PassRole", "lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
    ("iam:PassRole", "lambda:CreateFunction", "lambda:AddPermission"),
    ("iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
    ("iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:CreateService"),
    ("iam:PassRole", "cloudformation:CreateStack"),
    ("iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuild"),
    ("iam:PassRole", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition"),
    ("iam:PassRole", "glue:CreateDevEndpoint"),
    ("iam:PassRole", "glue:CreateJob", "glue:StartJobRun"),
    ("iam:PassRole", "sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"),
    ("iam:PassRole", "sagemaker:CreateTrainingJob"),
    ("iam:PassRole", "apprunner:CreateService"),
    ("lambda:UpdateFunctionCode",),
    ("glue:UpdateDevEndpoint",),
)
"""Sets of actions with which a principal can take permissions that it was not given. The ways are public knowledge."""

ALL_OF_A_KIND = re.compile(r"([\w-]+[/:])?\*")
"""The end of an ARN that stands for all resources of a kind, e.g. role/*."""
FIRST_SERVICES = frozenset(way[0].partition(":")[0] for way in ESCALATIONS)
HARMLESS_UNDER = frozenset({"iam:permissionsboundary", "iam:policyarn"})
"""Condition keys that bind what may be given away, so that the permission is delegated within bounds."""


def escalation(statements: Iterable[Statement]) -> tuple[str, ...]:
    """Return the first set of ESCALATIONS that is allowed on all resources of a kind, or nothing."""
    free = [one for one in statements if not any(map(_binds, one.conditions))]
    if not any(map(_begins_a_way, free)):
        return ()
    everywhere = cache(lambda action: allows((one for one in free if not one.allow or _is_wide(one, action)), action))
    return next((way for way in ESCALATIONS if all(map(everywhere, way))), ())


def _binds(line: Condition) -> bool:
    """Return whether a condition names the boundary that must be set, or the policies that may be given."""
    return line.key in HARMLESS_UNDER and line.operator in POSITIVE and not line.if_exists and "*" not in line.values


def _begins_a_way(statement: Statement) -> bool:
    """Return whether a statement allows something in a service in which a way begins; most statements do not."""
    services = {pattern.partition(":")[0].lower() for pattern in statement.actions}
    known = services & FIRST_SERVICES or any(set(name) & set("*?") for name in services)
    return statement.allow and (bool(statement.not_actions) or bool(known))


def _is_wide(statement: Statement, action: str) -> bool:
    """Return whether ``statement`` is for all resources of a kind of the service of ``action``."""
    service = action.partition(":")[0]
    parts = [arn.split(":", 5) for arn in statement.resources]
    kinds = [part[5] for part in parts if len(part) == 6 and covers(part[2], service)]
    return "*" in statement.resources or bool(statement.not_resources) or any(map(ALL_OF_A_KIND.fullmatch, kinds))
