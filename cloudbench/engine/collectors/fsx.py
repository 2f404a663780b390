"""FSx: file systems of all four kinds; the listing tells all that is asked."""

from cloudbench.engine.registry import listing

listing(
    "fsx.file_systems",
    "fsx.describe_file_systems",
    items="""FileSystems[].{
        FileSystemId: FileSystemId, FileSystemType: FileSystemType,
        Settings: (LustreConfiguration || OntapConfiguration || OpenZFSConfiguration || WindowsConfiguration).{
            DeploymentType: DeploymentType, CopyTagsToBackups: CopyTagsToBackups, CopyTagsToVolumes: CopyTagsToVolumes
        }
    }""",
    arn="arn:{partition}:fsx:{region}:{account}:file-system/{FileSystemId}",
    label="FileSystemId",
)
