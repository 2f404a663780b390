// A vCenter simulator with a few machines of known condition: the simulator library of Debian's
// golang-github-vmware-govmomi-dev 0.24 (API 6.5), which ships no program of its own.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const on, off = types.VirtualMachinePowerStatePoweredOn, types.VirtualMachinePowerStatePoweredOff

// index adds FindAllByUuid, which version 0.24 of the library lacks.
type index struct{ *simulator.SearchIndex }

func (s *index) FindAllByUuid(req *types.FindAllByUuid) soap.HasFault {
	body := &methods.FindAllByUuidBody{Res: new(types.FindAllByUuidResponse)}
	for _, o := range simulator.Map.All("VirtualMachine") {
		vm := o.(*simulator.VirtualMachine)
		uuid := vm.Config.Uuid
		if req.InstanceUuid != nil && *req.InstanceUuid {
			uuid = vm.Config.InstanceUuid
		}
		if uuid == req.Uuid {
			body.Res.Returnval = append(body.Res.Returnval, vm.Self)
		}
	}
	return body
}

func nic(addresses ...string) types.GuestNicInfo {
	config := &types.NetIpConfigInfo{}
	for _, a := range addresses {
		config.IpAddress = append(config.IpAddress, types.NetIpConfigInfoIpAddress{IpAddress: a, PrefixLength: 24, State: "preferred"})
	}
	return types.GuestNicInfo{Network: "VM Network", IpAddress: addresses, MacAddress: "00:0c:29:00:00:01", Connected: true, IpConfig: config}
}

// guest sets what a machine's tools would tell.
func guest(vm *simulator.VirtualMachine, name string, family string, id string, full string, nics ...types.GuestNicInfo) {
	vm.Guest.HostName, vm.Guest.GuestFamily, vm.Guest.GuestId, vm.Guest.GuestFullName = name, family, id, full
	vm.Guest.ToolsRunningStatus, vm.Guest.Net = "guestToolsRunning", nics
	vm.Config.GuestId, vm.Config.GuestFullName = id, full
}

func power(vm *simulator.VirtualMachine, state types.VirtualMachinePowerState) {
	vm.Runtime.PowerState, vm.Summary.Runtime.PowerState = state, state
}

func uuids(vm *simulator.VirtualMachine, n int, bios int) {
	vm.Config.Uuid = fmt.Sprintf("42010000-0000-4000-8000-%012d", bios)
	vm.Config.InstanceUuid = fmt.Sprintf("50010000-0000-4000-8000-%012d", n)
	vm.Summary.Config.Uuid, vm.Summary.Config.InstanceUuid = vm.Config.Uuid, vm.Config.InstanceUuid
}

func furnish() {
	vms := map[string]*simulator.VirtualMachine{}
	for _, o := range simulator.Map.All("VirtualMachine") {
		vm := o.(*simulator.VirtualMachine)
		vms[vm.Name] = vm
	}
	for n := 0; n < len(vms); n++ {
		vm := vms[fmt.Sprintf("DC0_C0_RP0_VM%d", n)]
		uuids(vm, n, n)
		power(vm, on)
		vm.Guest.IpAddress, vm.Guest.Net, vm.Guest.ToolsRunningStatus = "", nil, "guestToolsNotRunning"
		vm.Guest.GuestFamily, vm.Guest.GuestId, vm.Config.GuestId = "", "", "otherGuest"
		switch n {
		case 0: // everything that a guest may have, in an unhelpful order
			guest(vm, "web-1.test", "linuxGuest", "debian12_64Guest", "Debian GNU/Linux 12 (64-bit)",
				nic("fe80::20c:29ff:fe00:1", "2001:db8::5", "203.0.113.7"), nic("169.254.7.7", "10.99.0.1"), nic("127.0.0.1"))
			vm.AvailableField = []types.CustomFieldDef{{Key: 101, Name: "owner", Type: "string"}}
			vm.CustomValue = []types.BaseCustomFieldValue{&types.CustomFieldStringValue{CustomFieldValue: types.CustomFieldValue{Key: 101}, Value: "team-web"}}
		case 1:
			guest(vm, "win-1.test", "windowsGuest", "windows2022srvNext_64Guest", "Microsoft Windows Server 2022 (64-bit)", nic("10.99.0.2"))
		case 2: // off: the simulator keeps addresses, real tools clear them
			guest(vm, "off-1.test", "linuxGuest", "ubuntu64Guest", "Ubuntu Linux (64-bit)", nic("10.99.0.3"))
			vm.Guest.ToolsRunningStatus = "guestToolsNotRunning"
			power(vm, off)
		case 3: // on, its tools do not run; the configured guest id alone tells the family
			vm.Config.GuestId, vm.Config.GuestFullName = "rhel9_64Guest", "Red Hat Enterprise Linux 9 (64-bit)"
		case 5: // a clone that kept the BIOS uuid of number 4
			uuids(vm, n, 4)
			guest(vm, "clone.test", "linuxGuest", "debian12_64Guest", "Debian GNU/Linux 12 (64-bit)", nic("10.99.0.6"))
		}
	}
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address and port")
	machines := flag.Int("vms", 6, "number of VMs, at least 6")
	delay := flag.Int("delay", 0, "delay of each method in ms")
	user, password := flag.String("user", "user", ""), flag.String("password", "pass", "")
	certificate, key := flag.String("certificate", "", "PEM file"), flag.String("key", "", "PEM file")
	flag.Parse()

	model := simulator.VPX()
	model.Host, model.Machine, model.DelayConfig.Delay = 0, *machines, *delay
	if err := model.Create(); err != nil {
		panic(err)
	}
	furnish()
	old := simulator.Map.SearchIndex()
	simulator.Map.Put(&index{old})
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		panic(err)
	}
	model.Service.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	model.Service.Listen = &url.URL{Host: *listen, User: url.UserPassword(*user, *password)}
	server := model.Service.NewServer()
	fmt.Println("listening", server.URL.Host)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
	server.Close()
}
