// A kernel made of files: the parts of /sys, /proc and /dev that lib/kernel reads, in a directory
// of the test. Every change of a file is one rename, so that readers in other threads and processes
// see the old content or the new one, as with the real kernel.
#pragma once

#include "base/unique_fd.hpp"
#include "kernel/root.hpp"
#include "support/temporary_directory.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::support {

struct FakeObject {
    std::string name = "vmlinux";
    std::optional<int> patched = 1;                               // nullopt: a kernel before 6.1
    std::vector<std::string> functions = {"cmdline_proc_show,1"}; // NAME,SYMPOS as in sysfs
};

// /sys/kernel/livepatch/NAME
struct FakePatch {
    int enabled = 1;
    int transition = 0;
    std::optional<int> replace = {}; // nullopt: a kernel before 6.11
    std::vector<FakeObject> objects = {FakeObject{}};
};

// /sys/module/NAME
struct FakeModule {
    std::string initstate = "live"; // "" for a builtin module: no initstate, taint and refcnt
    std::string taint = "OEK";
    std::optional<int> refcount = 1;
    std::string build_id = {}; // hex; "" = no note
    std::string version = {};  // "" = none
};

// /proc/PID/task/TID, and /proc/PID for the first thread of a process, which has to be there.
struct FakeTask {
    pid_t pid = 0;
    pid_t tid = 0; // 0 = the same as pid
    int patch_state = -1;
    std::string comm = "task";
    bool kthread = false;
    char state = 'S';
    std::string cgroup = "0::/\n";
    std::string wchan = "0";
    std::string stack = {}; // the file's content: "[<0>] func+0x1/0x2\n"
    uid_t uid = 0;
};

class FakeKernelTree {
public:
    // A kernel with livepatching, an identity and nothing loaded. Without a path it is in a
    // temporary directory, which goes with this object.
    FakeKernelTree();
    explicit FakeKernelTree(std::filesystem::path directory);

    kernel::Root root() const;

    std::filesystem::path const& path() const { return path_; }

    void set_identity(
        std::string_view release, std::string_view version, std::string_view vmlinux_build_id
    );
    void set_boot_id(std::string_view boot_id);
    void set_livepatch(bool there); // CONFIG_LIVEPATCH

    // Only what it says: no module, no log line. A change of a patch that is there keeps its
    // directory, so its readers notice nothing but the new values.
    void set_patch(std::string const& name, FakePatch const& patch);
    bool has_patch(std::string const& name) const;
    void remove_patch(std::string const& name);
    void set_module(std::string const& name, FakeModule const& module);
    void remove_module(std::string const& name);

    // Both at once, as they look after a load: an enabled patch with its module, for tests that do
    // not care about more.
    void set_enabled_patch(std::string const& name, std::string const& build_id = {});

    void set_task(FakeTask const& task);
    void remove_task(pid_t pid, pid_t tid);

    // A record of /dev/kmsg. The device is a pipe in packet mode: unlike the kernel's it has one
    // reader, and what nobody reads is lost after 256 records.
    void log(std::string_view text, int level = 5, int facility = 0);
    void log_record(std::string_view record); // as it stands

    // Any file, below path(): "sys/kernel/livepatch/x/enabled".
    void write(std::filesystem::path const& name, std::string_view content) const;
    std::string read(std::filesystem::path const& name) const;

private:
    void create();
    void remove(std::filesystem::path const& name);
    void write_objects(std::filesystem::path const& patch, std::vector<FakeObject> const& objects);

    std::optional<TemporaryDirectory> directory_;
    std::filesystem::path path_;
    base::UniqueFd log_;
    std::uint64_t sequence_ = 1'000;
    std::uint64_t removed_ = 0;
};

// An ELF note with a GNU build-id, as sysfs shows it.
std::string build_id_note(std::string_view hex);

} // namespace livepatch::support
