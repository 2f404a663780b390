from django.db import migrations


def bring_up_to_date(apps, schema_editor):
    """Runs that registered nothing say so; the number of a Proxmox VM no longer holds the node that it may leave."""
    runs = apps.get_model("compliance", "ProvisioningRun").objects.filter(status="registered").exclude(error="")
    runs.filter(error__contains="a newer run of this workspace").update(status="superseded")
    runs.update(status="failed")
    vms = apps.get_model("compliance", "ProvisionedVm").objects.filter(provider="proxmox")
    for vm in vms.filter(instance_id__contains="/qemu/").order_by("retired_at", "pk").iterator():
        node, _, number = vm.instance_id.partition("/qemu/")
        twins = vms.filter(project=vm.project_id, workspace=vm.workspace, instance_id=f"qemu/{number}", retired_at=None)
        if vm.retired_at is not None or not twins.exists():
            vm.instance_id, vm.region = f"qemu/{number}", vm.region or node
            vm.save(update_fields=["instance_id", "region"])


class Migration(migrations.Migration):
    dependencies = [("compliance", "0014_machines_and_moments")]

    operations = [migrations.RunPython(bring_up_to_date, migrations.RunPython.noop)]
