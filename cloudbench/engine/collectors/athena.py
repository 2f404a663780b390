"""Athena: workgroups and how they treat the results of queries."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "athena.workgroups",
    "athena.list_work_groups",
    items="WorkGroups",
    arn="arn:{partition}:athena:{region}:{account}:workgroup/{Name}",
    label="Name",
    keep=("Name", "State"),
    next_page=("NextToken", "NextToken"),
)


def _this_workgroup(workgroup: Resource) -> Data:
    return {"WorkGroup": workgroup["Name"]}


detail(
    "athena.workgroup_settings",
    "athena.get_work_group",
    of="athena.workgroups",
    ask=_this_workgroup,
    items="WorkGroup.Configuration",
    keep=(
        "ResultConfiguration",
        "ManagedQueryResultsConfiguration",
        "EnforceWorkGroupConfiguration",
        "PublishCloudWatchMetricsEnabled",
    ),
)
