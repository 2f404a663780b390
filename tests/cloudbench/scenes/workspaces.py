from typing import Any

from tests.cloudbench.scenes import Answers, Expected, on_answers


@on_answers
def desktops() -> Answers:
    told: dict[str, dict[str, Any]] = {
        "ws-11111111": {"RootVolumeEncryptionEnabled": True, "UserVolumeEncryptionEnabled": True},
        "ws-22222222": {"RootVolumeEncryptionEnabled": False, "UserVolumeEncryptionEnabled": True},
        "ws-33333333": {},
        "ws-44444444": {"State": "TERMINATING"},
    }
    return Answers(
        says={
            "workspaces.describe_workspaces": {
                "Workspaces": [{"WorkspaceId": name, "State": "AVAILABLE", **more} for name, more in told.items()]
            }
        },
        verdicts={
            "workspaces_root_volume_encrypted": Expected(good=["ws-11111111"], bad=["ws-22222222", "ws-33333333"]),
            "workspaces_user_volume_encrypted": Expected(good=["ws-11111111", "ws-22222222"], bad=["ws-33333333"]),
        },
    )
