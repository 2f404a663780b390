"""What must hold of Redshift Serverless workgroups and namespaces."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

DEFAULT_ADMIN, DEFAULT_DATABASE = "admin", "dev"
"""What Redshift Serverless proposes. Source: Security Hub RedshiftServerless.5 and RedshiftServerless.7."""
WANTED_LOGS = frozenset(["connectionlog", "userlog"])
"""Source: Security Hub RedshiftServerless.6."""

# --- Workgroups -------------------------------------------------------------------------------------------------------


@check("redshiftserverless_not_public", over="redshift-serverless.workgroups")
def workgroup_is_not_public(workgroup: Resource, view: View) -> Verdict:
    """Fail for a workgroup that can be reached from outside of the VPC. Source: ListWorkgroups, publiclyAccessible."""
    public = workgroup.get("publiclyAccessible", False)
    return verdict(
        not public,
        "It can be reached inside of the VPC only.",
        "It can be reached from outside of the VPC.",
        publiclyAccessible=public,
    )


@check("redshiftserverless_tls_required", over="redshift-serverless.workgroups")
def workgroup_demands_tls(workgroup: Resource, view: View) -> Verdict:
    """Fail unless require_ssl is true; where the parameter is not listed, nothing demands TLS.

    Source: ListWorkgroups, configParameters.
    """
    values = {one["parameterKey"]: one.get("parameterValue", "") for one in workgroup.get("configParameters") or ()}
    value = values.get("require_ssl", "")
    return verdict(
        value.lower() == "true",
        "Connections without TLS are refused: require_ssl is true.",
        f"Connections without TLS are accepted: require_ssl is {value or 'not set'}.",
        require_ssl=value or "not set",
    )


@check("redshiftserverless_enhanced_vpc_routing", over="redshift-serverless.workgroups")
def traffic_stays_in_vpc(workgroup: Resource, view: View) -> Verdict:
    """Fail unless COPY and UNLOAD go through the VPC. Source: ListWorkgroups, enhancedVpcRouting."""
    routed = workgroup.get("enhancedVpcRouting", False)
    return verdict(
        routed, "COPY and UNLOAD go through the VPC.", "COPY and UNLOAD go past the VPC.", enhancedVpcRouting=routed
    )


# --- Namespaces -------------------------------------------------------------------------------------------------------


@check("redshiftserverless_custom_admin_name", over="redshift-serverless.namespaces")
def admin_has_own_name(namespace: Resource, view: View) -> Verdict | None:
    """Fail for the administrator name that AWS proposes. A namespace that tells no administrator is left out.

    Source: ListNamespaces, adminUsername.
    """
    name = namespace.get("adminUsername")
    if not name:
        return None
    return verdict(
        name != DEFAULT_ADMIN,
        "The administrator has a name of its own.",
        f"The administrator has the default name {DEFAULT_ADMIN}.",
        adminUsername=name,
    )


@check("redshiftserverless_custom_database_name", over="redshift-serverless.namespaces")
def database_has_own_name(namespace: Resource, view: View) -> Verdict:
    """Fail for the database name that AWS proposes. Source: ListNamespaces, dbName (dev if none was given)."""
    name = namespace.get("dbName") or DEFAULT_DATABASE
    return verdict(
        name != DEFAULT_DATABASE,
        f"The first database is called {name}.",
        f"The first database has the default name {DEFAULT_DATABASE}.",
        dbName=name,
    )


@check("redshiftserverless_log_export", over="redshift-serverless.namespaces")
def namespace_exports_logs(namespace: Resource, view: View) -> Verdict:
    """Fail unless connection and user logs go to CloudWatch Logs. Source: ListNamespaces, logExports."""
    exported = set(namespace.get("logExports") or ())
    missing = sorted(WANTED_LOGS - exported)
    return verdict(
        not missing,
        "Connection and user logs go to CloudWatch Logs.",
        f"These logs do not go to CloudWatch Logs: {', '.join(missing)}.",
        logExports=sorted(exported),
    )
