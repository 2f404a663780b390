"""The customer's configuration recorders, and whether they run."""

from cloudbench.engine.registry import listing

listing(
    "config.recorders",
    "config.describe_configuration_recorders",
    items="ConfigurationRecorders",
    label="name",
    keep=("name", "recordingGroup", "roleARN"),
)
listing(
    "config.recorder_statuses",
    "config.describe_configuration_recorder_status",
    items="ConfigurationRecordersStatus",
    label="name",
    keep=("name", "recording", "lastStatus", "lastErrorCode"),
)
