#include "kernel/cgroup.hpp"
#include "support/catch.hpp"

#include <string>

using namespace livepatch;

namespace {

std::string const id(64, 'a');

struct Row {
    std::string cgroup;
    std::string unit;
    std::string container;
};

void check(Row const& row) {
    CAPTURE(row.cgroup);
    auto const found = kernel::membership(row.cgroup);
    CHECK(found.unit == row.unit);
    CHECK(found.container == row.container);
}

} // namespace

TEST_CASE("the innermost service or scope is the unit") {
    check({"0::/system.slice/ssh.service\n", "ssh.service", ""});
    check({"0::/init.scope\n", "init.scope", ""});
    check({"0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope", ""});
    check(
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-vi.scope\n",
         "app-vi.scope",
         ""}
    );
    check({"0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service", ""});
    check({"0::/system.slice/db.service/worker/3\n", "db.service", ""});
    check({"0::/system.slice/old.service (deleted)\n", "old.service", ""});
}

TEST_CASE("kernel threads and the root group have no unit") {
    check({"0::/\n", "", ""});
    check({"", "", ""});
    check({"0::/system.slice\n", "", ""});
    check({"0::/.service\n", "", ""});
}

TEST_CASE("cgroup version 1 and both at once") {
    check({"12:cpu,cpuacct:/\n1:name=systemd:/system.slice/ssh.service\n", "ssh.service", ""});
    check(
        {"2:cpu:/system.slice/cpu.service\n1:name=systemd:/system.slice/ssh.service\n0::/\n",
         "ssh.service",
         ""}
    );
    check(
        {"1:name=systemd:/system.slice/one.service\n0::/system.slice/two.service\n",
         "two.service",
         ""}
    );
    check({"3:memory:/docker/" + id + "\n1:name=systemd:/\n0::/\n", "", id});
}

TEST_CASE("containers are known by what their engines call the group") {
    check({"0::/system.slice/docker-" + id + ".scope\n", "docker-" + id + ".scope", id});
    check({"0::/docker/" + id + "\n", "", id});
    check({"0::/machine.slice/libpod-" + id + ".scope/container\n", "libpod-" + id + ".scope", id});
    check(
        {"0::/machine.slice/libpod-conmon-" + id + ".scope\n", "libpod-conmon-" + id + ".scope", ""}
    );
    check({"0::/libpod_parent/libpod-" + id + "\n", "", id});
    check(
        {"0::/kubepods.slice/kubepods-pod1.slice/crio-" + id + ".scope\n",
         "crio-" + id + ".scope",
         id}
    );
    check(
        {"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/"
         "cri-containerd-" +
             id + ".scope\n",
         "cri-containerd-" + id + ".scope",
         id}
    );
    check({"0::/kubepods/besteffort/pod0f1e2d3c-1111/" + id + "\n", "", id});
    check(
        {"0::/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" + id + "\n",
         "containerd.service",
         id}
    );
    check({"0::/lxc/web\n", "", "web"});
    check({"0::/lxc.payload.web/system.slice/ssh.service\n", "ssh.service", "web"});
    check({"0::/lxc.payload/web\n", "", "web"});
    check({"0::/lxc.monitor.web\n", "", ""});
}

TEST_CASE("machines of systemd are known by name, with its escapes undone") {
    check(
        {"0::/machine.slice/systemd-nspawn@build\\x2dbox.service/payload/system.slice/"
         "cron.service\n",
         "cron.service",
         "build-box"}
    );
    check(
        {"0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator\n",
         "machine-qemu\\x2d1\\x2dvm.scope",
         "qemu-1-vm"}
    );
    check({"0::/machine.slice/machine-a\\x2.scope\n", "machine-a\\x2.scope", "a\\x2"});
    check({"0::/machine.slice/machine-a\\xzz.scope\n", "machine-a\\xzz.scope", "a\\xzz"});
}

TEST_CASE("the outermost container is the one the host knows") {
    std::string const inner(64, 'b');
    check({"0::/docker/" + id + "/docker/" + inner + "\n", "", id});
}

TEST_CASE("malformed lines are passed over") {
    check({"nonsense\n0:\n:\n::\n0::/system.slice/ssh.service", "ssh.service", ""});
    check({"0::/system.slice/docker-nothex.scope\n", "docker-nothex.scope", ""});
    check({"0::/system.slice/docker-.scope\n", "docker-.scope", ""});
    check({"0::/lxc/\n", "", ""});
}
