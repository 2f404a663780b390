"""Lambda functions as they are published last ($LATEST), their policies, URLs and reserved concurrency."""

from functools import partial

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "lambda.functions",
    "lambda.list_functions",
    items="Functions",
    arn="{FunctionArn}",
    label="FunctionName",
    keep=("FunctionName", "Runtime", "PackageType", "VpcConfig", "DeadLetterConfig", "Role", "LastModified"),
)


def _this_function(function: Resource) -> Data:
    return {"FunctionName": function["FunctionName"]}


def _urls(answer: Data) -> list[Data]:
    """Return the URLs, named by their function, and by its alias where they belong to one."""
    return [{**url, "Name": url["FunctionArn"].partition(":function:")[2]} for url in answer["FunctionUrlConfigs"]]


_of_each_function = partial(detail, of="lambda.functions", ask=_this_function)

_of_each_function(
    "lambda.function_policies", "lambda.get_policy", keep=("Policy",), absent=("ResourceNotFoundException",)
)
_of_each_function(
    "lambda.function_concurrency", "lambda.get_function_concurrency", keep=("ReservedConcurrentExecutions",)
)
_of_each_function(  # of the function and of its aliases
    "lambda.function_urls",
    "lambda.list_function_url_configs",
    items=_urls,
    arn="{FunctionArn}",
    label="Name",
    keep=("FunctionUrl", "AuthType"),
)
