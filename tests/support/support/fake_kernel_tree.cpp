#include "support/fake_kernel_tree.hpp"

#include "base/atomic_file.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <set>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace livepatch::support {

namespace fs = std::filesystem;

namespace {

std::string line(std::string_view text) {
    return std::string(text) + "\n";
}

fs::path patch_directory(std::string const& name) {
    return fs::path("sys/kernel/livepatch") / name;
}

fs::path module_directory(std::string const& name) {
    return fs::path("sys/module") / name;
}

fs::path task_directory(pid_t pid, pid_t tid) {
    return fs::path("proc") / std::to_string(pid) / "task" / std::to_string(tid);
}

std::string word(std::uint32_t value) {
    std::string bytes(sizeof value, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(value >> (8 * i) & 0xffU);
    return bytes;
}

} // namespace

std::string build_id_note(std::string_view hex) {
    std::string id;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        id += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    constexpr std::uint32_t build_id_type = 3;
    auto note = word(4) + word(static_cast<std::uint32_t>(id.size())) + word(build_id_type);
    note += std::string("GNU\0", 4) + id;
    note.resize((note.size() + 3) / 4 * 4);
    return note;
}

FakeKernelTree::FakeKernelTree() : directory_(std::in_place), path_(directory_->path()) {
    create();
}

FakeKernelTree::FakeKernelTree(fs::path directory) : path_(std::move(directory)) {
    create();
}

void FakeKernelTree::create() {
    for (auto const* name : {"sys/kernel/livepatch", "sys/module", "proc", "dev", "gone"})
        fs::create_directories(path_ / name);
    set_identity(
        "6.1.0-56-amd64",
        "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-01-01)",
        "00112233445566778899aabbccddeeff00112233"
    );
    set_boot_id("8d1f1a70-1e6a-4a5e-9a3b-2f4c6d8e0a1b");
    // Builtin modules, of which a real one shows many.
    for (auto const* name : {"kernel", "printk", "rcupdate"})
        set_module(name, {.initstate = "", .taint = "", .refcount = {}});

    auto const kmsg = path_ / "dev/kmsg";
    if (::mkfifo(kmsg.c_str(), 0600) != 0 && errno != EEXIST)
        throw std::runtime_error("mkfifo failed");
    log_.reset(::open(kmsg.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    // O_DIRECT: one write is one read (pipe(7)).
    if (!log_ || ::fcntl(log_.get(), F_SETFL, O_NONBLOCK | O_DIRECT) != 0)
        throw std::runtime_error("no pipe in packet mode");
    ::fcntl(log_.get(), F_SETPIPE_SZ, 1024 * 1024);
}

kernel::Root FakeKernelTree::root() const {
    return {
        .sys = path_ / "sys",
        .proc = path_ / "proc",
        .dev = path_ / "dev",
        .modules = path_ / "lib/modules",
        .run = path_ / "run"};
}

void FakeKernelTree::set_identity(
    std::string_view release, std::string_view version, std::string_view vmlinux_build_id
) {
    write("proc/sys/kernel/osrelease", line(release));
    write("proc/sys/kernel/version", line(version));
    write("sys/kernel/notes", build_id_note(vmlinux_build_id));
}

void FakeKernelTree::set_boot_id(std::string_view boot_id) {
    write("proc/sys/kernel/random/boot_id", line(boot_id));
}

void FakeKernelTree::set_livepatch(bool there) {
    if (there)
        fs::create_directories(path_ / "sys/kernel/livepatch");
    else
        remove("sys/kernel/livepatch");
}

void FakeKernelTree::set_patch(std::string const& name, FakePatch const& patch) {
    // A new one is built aside and appears at once.
    auto const directory = patch_directory(name);
    bool const is_new = !fs::exists(path_ / directory);
    auto const place =
        is_new ? fs::path("gone") / (std::to_string(::getpid()) + "-" + name) : directory;
    // As the kernel: a transition has begun before `enabled` changes, and never seems over before
    // it has begun (kernel/livepatch/core.c: __klp_disable_patch).
    if (patch.transition == 1)
        write(place / "transition", line("1"));
    write(place / "enabled", line(std::to_string(patch.enabled)));
    if (patch.transition == 0)
        write(place / "transition", line("0"));
    if (patch.replace)
        write(place / "replace", line(std::to_string(*patch.replace)));
    write_objects(place, patch.objects);
    if (is_new)
        fs::rename(path_ / place, path_ / directory);
}

void FakeKernelTree::write_objects(fs::path const& patch, std::vector<FakeObject> const& objects) {
    std::set<fs::path> wanted;
    for (auto const& object : objects) {
        auto const directory = patch / object.name;
        wanted.insert(directory);
        fs::create_directories(path_ / directory);
        if (object.patched)
            write(directory / "patched", line(std::to_string(*object.patched)));
        for (auto const& function : object.functions) {
            wanted.insert(directory / function);
            fs::create_directories(path_ / directory / function);
        }
    }
    std::vector<fs::path> unwanted;
    for (auto const& entry : fs::recursive_directory_iterator(path_ / patch))
        if (auto const name = fs::relative(entry.path(), path_);
            entry.is_directory() && !wanted.contains(name))
            unwanted.push_back(name);
    for (auto const& name : unwanted)
        if (fs::exists(path_ / name))
            remove(name);
}

bool FakeKernelTree::has_patch(std::string const& name) const {
    return fs::exists(path_ / patch_directory(name));
}

void FakeKernelTree::remove_patch(std::string const& name) {
    remove(patch_directory(name));
}

void FakeKernelTree::set_module(std::string const& name, FakeModule const& module) {
    auto const directory = module_directory(name);
    fs::create_directories(path_ / directory);
    // The taint comes last: with it, it is one of ours.
    if (!module.initstate.empty())
        write(directory / "initstate", line(module.initstate));
    if (module.refcount)
        write(directory / "refcnt", line(std::to_string(*module.refcount)));
    if (!module.build_id.empty())
        write(directory / "notes/.note.gnu.build-id", build_id_note(module.build_id));
    if (!module.version.empty())
        write(directory / "version", line(module.version));
    if (!module.initstate.empty())
        write(directory / "taint", line(module.taint));
}

void FakeKernelTree::remove_module(std::string const& name) {
    remove(module_directory(name));
}

void FakeKernelTree::set_enabled_patch(std::string const& name, std::string const& build_id) {
    set_module(name, {.build_id = build_id});
    set_patch(name, {});
}

void FakeKernelTree::set_task(FakeTask const& task) {
    auto const tid = task.tid == 0 ? task.pid : task.tid;
    auto const directory = task_directory(task.pid, tid);
    auto const leader = task_directory(task.pid, task.pid);
    if (tid != task.pid && !fs::exists(path_ / leader))
        throw std::logic_error("a thread without the first one of its process");
    auto const flags = std::to_string(task.kthread ? 0x00200040 : 0x00400000);
    auto const id = std::to_string(tid);
    auto const uid = std::to_string(task.uid);
    write(
        directory / "stat",
        id + " (" + task.comm + ") " + task.state + " 1 " + id + " " + id + " 0 -1 " + flags +
            " 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0\n"
    );
    write(
        directory / "status",
        "Name:\t" + base::escaped(task.comm) + "\nUid:\t" + uid + "\t" + uid + "\t" + uid + "\t" +
            uid + "\nGid:\t0\t0\t0\t0\n"
    );
    write(directory / "comm", line(task.comm));
    write(directory / "cgroup", task.cgroup);
    write(directory / "wchan", task.wchan);
    write(directory / "stack", task.stack);
    write(directory / "patch_state", line(std::to_string(task.patch_state)));
    for (auto const& file : fs::directory_iterator(path_ / leader)) {
        auto const link = path_ / "proc" / std::to_string(task.pid) / file.path().filename();
        if (!fs::is_symlink(link))
            fs::create_symlink(file.path(), link);
    }
}

void FakeKernelTree::remove_task(pid_t pid, pid_t tid) {
    remove(task_directory(pid, tid));
    if (auto const process = fs::path("proc") / std::to_string(pid);
        fs::is_empty(path_ / process / "task"))
        remove(process);
}

void FakeKernelTree::log(std::string_view text, int level, int facility) {
    log_record(
        std::to_string(facility * 8 + level) + "," + std::to_string(sequence_) + "," +
        std::to_string(sequence_ * 1'000) + ",-;" + std::string(text) + "\n"
    );
    ++sequence_;
}

void FakeKernelTree::log_record(std::string_view record) {
    auto const put = ::write(log_.get(), record.data(), record.size());
    if (put < 0 && errno != EAGAIN)
        throw std::runtime_error("cannot log");
}

void FakeKernelTree::write(fs::path const& name, std::string_view content) const {
    auto const path = path_ / name;
    fs::create_directories(path.parent_path());
    base::replace_file(path, content, 0644, base::Durability::until_reboot).value();
}

std::string FakeKernelTree::read(fs::path const& name) const {
    return base::read_file(path_ / name).value();
}

void FakeKernelTree::remove(fs::path const& name) {
    // Out of sight at once, and then taken apart: whoever has it open sees it empty.
    auto const grave =
        path_ / "gone" / (std::to_string(::getpid()) + "-" + std::to_string(removed_++));
    fs::rename(path_ / name, grave);
    fs::remove_all(grave);
}

} // namespace livepatch::support
