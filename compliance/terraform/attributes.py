"""Where each resource type keeps what is read of a virtual machine. Nothing else of a resource is ever looked at.

Names come from the documentation of the providers hashicorp/aws, azurerm, google and vsphere, Telmate/proxmox and
bpg/proxmox. What may hold a secret (user_data, custom_data, passwords, keys, metadata) has no place here.
"""

import re
from dataclasses import dataclass

from compliance.terraform.paths import Path

IMAGES = r"linux|ubuntu|debian|centos|red-?hat|rhel|rocky|alma|sles|suse|fedora|coreos|flatcar|cos-|amzn|al20|photon"
LINUX = re.compile(rf"{IMAGES}|^l2[46]$|asianux|mandr|crxPod|^oes", re.IGNORECASE)
"""Names of images, guest ids of vSphere (ubuntu64Guest, other5xLinux64Guest), types of Proxmox (l26)."""
WINDOWS = re.compile(r"windows|^win|^w2k|^w(xp|vista)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pick:
    """One text: the value at ``paths[0]``, or those at all ``paths`` put into ``form``; of it only ``pattern``."""

    paths: tuple[Path, ...]
    form: str = "{}"
    pattern: re.Pattern[str] | None = None


def at(*paths: str, form: str = "{}", pattern: str = "") -> Pick:
    """Return the Pick of dotted ``paths``."""
    return Pick(tuple(tuple(path.split(".")) for path in paths), form, re.compile(pattern) if pattern else None)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """The attributes of one type. Of ``instance_id`` and of all but names and addresses, the first that is there.

    ``signs`` are attributes that tell the OS family by being there and not empty. ``late_id``: without an id there is
    no machine yet, only a request for one. ``template`` is the attribute that is true for what VMs are cloned from.
    ``hardware`` are marks of the machine itself, where another one may get its id.
    """

    provider: str
    instance_id: tuple[Pick, ...]
    names: tuple[Pick, ...]
    addresses: tuple[Pick, ...]
    locator: tuple[Pick, ...] = ()
    os_family: str = ""
    os_hint: tuple[Pick, ...] = ()
    signs: tuple[tuple[str, str], ...] = ()
    region: tuple[Pick, ...] = ()
    power_state: tuple[Pick, ...] = ()
    tags: tuple[str, ...] = ()
    ssh_user: tuple[Pick, ...] = ()
    late_id: bool = False
    template: str = ""
    hardware: tuple[Pick, ...] = ()


AWS_NAMES = (at("tags.Name"), at("tags_all.Name"), at("private_dns"), at("public_dns"))
AWS_ADDRESSES = (at("private_ip"), at("public_ip"), at("ipv6_addresses"))
AWS_REGION = (
    at("region"),
    at("arn", pattern=r"^arn:[a-z-]+:ec2:([a-z0-9-]+):"),
    at("availability_zone", pattern=r"^([a-z]{2}(?:-[a-z]+)+-[0-9]+)"),
)
AZURE_ADDRESSES = (
    at("private_ip_address"),
    at("private_ip_addresses"),
    at("public_ip_address"),
    at("public_ip_addresses"),
)
AZURE_IMAGE = at(
    "source_image_reference.0.publisher",
    "source_image_reference.0.offer",
    "source_image_reference.0.sku",
    form="{} {} {}",
)
GOOGLE = ResourceType(
    provider="gcp",
    instance_id=(at("instance_id"), at("id")),
    names=(at("hostname"), at("name")),
    addresses=(
        at("network_interface.*.network_ip"),
        at("network_interface.*.access_config.*.nat_ip"),
        at("network_interface.*.ipv6_access_config.*.external_ipv6"),
    ),
    locator=(at("id"), at("self_link")),
    os_hint=(at("boot_disk.0.initialize_params.0.image"),),
    region=(at("zone", pattern=r"([a-z0-9-]+)$"),),
    power_state=(at("current_status"),),
    tags=("effective_labels", "labels"),
)

ATTRIBUTES: dict[str, ResourceType] = {
    "aws_instance": ResourceType(
        provider="aws",
        instance_id=(at("id"),),
        names=AWS_NAMES,
        addresses=AWS_ADDRESSES,
        locator=(at("arn"),),
        os_hint=(at("ami"),),
        signs=(("get_password_data", "windows"),),
        region=AWS_REGION,
        power_state=(at("instance_state"),),
        tags=("tags_all", "tags"),
    ),
    "aws_spot_instance_request": ResourceType(
        provider="aws",
        instance_id=(at("spot_instance_id"),),
        names=AWS_NAMES,
        addresses=AWS_ADDRESSES,
        os_hint=(at("ami"),),
        signs=(("get_password_data", "windows"),),
        region=AWS_REGION,
        power_state=(at("instance_state"),),
        tags=("tags_all", "tags"),
        late_id=True,
    ),
    "azurerm_linux_virtual_machine": ResourceType(
        provider="azure",
        instance_id=(at("virtual_machine_id"), at("id")),
        names=(at("computer_name"), at("name")),
        addresses=AZURE_ADDRESSES,
        locator=(at("id"),),
        os_family="linux",
        os_hint=(AZURE_IMAGE,),
        region=(at("location"),),
        tags=("tags",),
        ssh_user=(at("admin_username"),),
    ),
    "azurerm_windows_virtual_machine": ResourceType(
        provider="azure",
        instance_id=(at("virtual_machine_id"), at("id")),
        names=(at("computer_name"), at("name")),
        addresses=AZURE_ADDRESSES,
        locator=(at("id"),),
        os_family="windows",
        os_hint=(AZURE_IMAGE,),
        region=(at("location"),),
        tags=("tags",),
    ),
    "azurerm_virtual_machine": ResourceType(  # the older type: its addresses stand in other resources
        provider="azure",
        instance_id=(at("id"),),
        names=(at("os_profile.0.computer_name"), at("name")),
        addresses=(),
        locator=(at("id"),),
        os_hint=(
            at(
                "storage_image_reference.0.publisher",
                "storage_image_reference.0.offer",
                "storage_image_reference.0.sku",
                form="{} {} {}",
            ),
            at("storage_os_disk.0.os_type"),
        ),
        signs=(("os_profile_linux_config", "linux"), ("os_profile_windows_config", "windows")),
        region=(at("location"),),
        tags=("tags",),
        ssh_user=(at("os_profile.0.admin_username"),),
    ),
    "google_compute_instance": GOOGLE,
    "google_compute_instance_from_template": GOOGLE,
    "vsphere_virtual_machine": ResourceType(  # its tags are numbers of vCenter's own, which only vCenter can name
        provider="vmware",
        instance_id=(at("id"), at("uuid")),
        names=(
            at(
                "clone.0.customize.0.linux_options.0.host_name",
                "clone.0.customize.0.linux_options.0.domain",
                form="{}.{}",
            ),
            at("clone.0.customize.0.linux_options.0.host_name"),
            at("clone.0.customize.0.windows_options.0.computer_name"),
            at("name"),
        ),
        addresses=(at("default_ip_address"), at("guest_ip_addresses")),
        locator=(at("moid"),),
        os_hint=(at("guest_id"),),
        power_state=(at("power_state"),),
    ),
    "proxmox_vm_qemu": ResourceType(  # Telmate
        provider="proxmox",
        instance_id=(
            at("id", pattern=r"^[^/]+/(qemu/[0-9]+)$"),
            at("vmid", form="qemu/{}", pattern=r"^qemu/[1-9][0-9]*$"),  # 0 asks for the next free number
        ),
        names=(at("name"),),
        addresses=(
            at("default_ipv4_address"),
            at("default_ipv6_address"),
            at("ssh_host"),
            at("ipconfig0", pattern=r"(?:^|,)\s*ip6?=([0-9a-fA-F.:]+)"),
        ),
        locator=(at("id", pattern=r"^[^/]+/qemu/[0-9]+$"), at("target_node", "vmid", form="{}/qemu/{}")),
        os_hint=(at("qemu_os"),),
        region=(at("target_node"), at("id", pattern=r"^([^/]+)/qemu/")),
        tags=("tags",),
        ssh_user=(at("ssh_user"), at("ciuser")),
        hardware=(at("network.*.macaddr"),),
    ),
    "proxmox_virtual_environment_vm": ResourceType(  # bpg
        provider="proxmox",
        instance_id=(at("vm_id", form="qemu/{}"),),
        names=(at("name"),),
        addresses=(
            at("ipv4_addresses"),
            at("ipv6_addresses"),
            at("initialization.0.ip_config.*.ipv4.*.address"),
            at("initialization.0.ip_config.*.ipv6.*.address"),
        ),
        locator=(at("node_name", "vm_id", form="{}/qemu/{}"),),
        os_hint=(at("operating_system.0.type"),),
        region=(at("node_name"),),
        tags=("tags",),
        ssh_user=(at("initialization.0.user_account.0.username"),),
        template="template",
        hardware=(at("network_device.*.mac_address"),),
    ),
}

UNIQUE_WITHIN_STATE = frozenset({"proxmox"})
"""Providers whose ids may mean another machine in another state: each cluster counts its VMs anew, and no state names
its cluster. Such an id counts only together with the state that tells it: connection, project and workspace.
"""

GROUPS = frozenset(
    {
        "aws_autoscaling_group",
        "aws_ec2_fleet",
        "aws_spot_fleet_request",
        "azurerm_linux_virtual_machine_scale_set",
        "azurerm_windows_virtual_machine_scale_set",
        "azurerm_orchestrated_virtual_machine_scale_set",
        "google_compute_instance_group_manager",
        "google_compute_region_instance_group_manager",
    }
)
"""Types that make machines which the state does not list."""
OTHER_MACHINES = frozenset(
    {
        "alicloud_instance",
        "aws_lightsail_instance",
        "civo_instance",
        "digitalocean_droplet",
        "equinix_metal_device",
        "exoscale_compute_instance",
        "hcloud_server",
        "huaweicloud_compute_instance",
        "ibm_compute_vm_instance",
        "ibm_is_instance",
        "libvirt_domain",
        "linode_instance",
        "nutanix_virtual_machine",
        "oci_core_instance",
        "opennebula_virtual_machine",
        "openstack_compute_instance_v2",
        "ovirt_vm",
        "proxmox_lxc",
        "proxmox_virtual_environment_container",
        "scaleway_instance_server",
        "tencentcloud_instance",
        "upcloud_server",
        "vcd_vapp_vm",
        "vcd_vm",
        "vultr_instance",
        "xenorchestra_vm",
        "yandex_compute_instance",
    }
)
"""Types that are machines of providers which are not supported, as far as they are known."""
