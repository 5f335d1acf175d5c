#include "kernel/tasks.hpp"

#include "kernel/directory_entries.hpp"
#include "kernel/small_file.hpp"
#include "kernel/task_details.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <utility>

namespace livepatch::kernel {

namespace {

// A process or thread id, and nothing else: /proc has other directories.
std::optional<pid_t> task_id(std::string_view name) {
    pid_t id = 0;
    auto const [end, failed] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (failed != std::errc{} || end != name.data() + name.size() || id <= 0)
        return std::nullopt;
    return id;
}

// "1234" + "/task" without an allocation; an id has ten digits at most.
class ShortPath {
public:
    ShortPath(char const* id, char const* rest) {
        auto const size = std::strlen(id);
        std::memcpy(path_.data(), id, size);
        std::strcpy(path_.data() + size, rest); // NOLINT: fits, see above
    }

    char const* c_str() const { return path_.data(); }

private:
    std::array<char, 32> path_; // NOLINT(cppcoreguidelines-pro-type-member-init)
};

class Scan {
public:
    explicit Scan(int target) : target_(target) {}

    base::Result<TaskScan> run(int proc);

private:
    void visit_process(int proc, char const* name);
    void visit_task(int directory, pid_t pid, char const* name);
    bool blocks(int directory, char const* patch_state);
    void judge(int os_error);

    int target_;
    bool any_read_ = false;
    int failed_ = 0;
    TaskScan found_;
};

base::Result<TaskScan> Scan::run(int proc) {
    int const failed =
        for_each_entry<32 * 1024>(proc, [&](Entry entry) { visit_process(proc, entry.name); });
    if (failed != 0)
        judge(failed);
    if (failed_ != 0)
        return base::system_error("tasks in /proc", "cannot read", failed_);
    // Not one task: no answer rather than the answer that nothing blocks.
    if (!any_read_ && found_.unreadable == 0) {
        return base::Error{
            .code = base::Errc::unsupported,
            .subject = "tasks in /proc",
            .cause = "no task has a patch_state",
            .remedy = "boot a kernel with CONFIG_LIVEPATCH=y",
        };
    }
    auto by_tid = [](auto const& a, auto const& b) { return a.tid < b.tid; };
    std::sort(found_.tasks.begin(), found_.tasks.end(), by_tid);
    return std::move(found_);
}

void Scan::visit_process(int proc, char const* name) {
    auto const pid = task_id(name);
    if (!pid)
        return;
    ShortPath const path(name, "/task");
    // The link count is two and one for each thread (fs/proc/base.c: proc_task_getattr). Most
    // processes have one thread, and that is what /proc/PID itself shows: no directory to list.
    struct stat status = {};
    if (::fstatat(proc, path.c_str(), &status, 0) != 0)
        return judge(errno);
    if (status.st_nlink == 3)
        return visit_task(proc, *pid, name);
    auto const tasks = open_directory(proc, path.c_str());
    if (!tasks)
        return judge(errno);
    int const failed = for_each_entry<2048>(tasks.get(), [&](Entry entry) {
        visit_task(tasks.get(), *pid, entry.name);
    });
    judge(failed);
}

void Scan::visit_task(int directory, pid_t pid, char const* name) {
    auto const tid = task_id(name);
    if (!tid || !blocks(directory, ShortPath(name, "/patch_state").c_str()))
        return;
    // The id may be another task's by now. An open directory of procfs stays with its task and is
    // empty after it (fs/proc/base.c: get_proc_task), so all that is told is read below one, and
    // whether it is worth telling is asked last.
    auto const task = open_directory(directory, name);
    if (!task)
        return judge(errno);
    BlockingTask blocker{.pid = pid, .tid = *tid};
    read_details(task.get(), blocker);
    if (blocks(task.get(), "patch_state"))
        found_.tasks.push_back(std::move(blocker));
}

bool Scan::blocks(int directory, char const* patch_state) {
    std::array<char, 16> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    auto const reading = read_at(directory, patch_state, buffer);
    if (!reading) {
        judge(reading.os_error);
        return false;
    }
    any_read_ = true;
    auto const text = without_newline(reading.text);
    int state = -1; // not in a transition (include/linux/livepatch.h: KLP_UNDEFINED)
    std::from_chars(text.data(), text.data() + text.size(), state);
    return state != -1 && state != target_;
}

void Scan::judge(int os_error) {
    if (os_error == EACCES || os_error == EPERM)
        ++found_.unreadable;
    else if (os_error != 0 && !vanished(os_error) && failed_ == 0)
        failed_ = os_error; // out of descriptors, say
}

} // namespace

ProcTaskScanner::ProcTaskScanner(Root root) : root_(std::move(root)) {}

base::Result<TaskScan> ProcTaskScanner::scan(int target) {
    auto const proc = open_directory(AT_FDCWD, root_.proc.c_str());
    if (!proc)
        return base::system_error(root_.proc.string(), "cannot open", errno);
    return Scan(target).run(proc.get());
}

} // namespace livepatch::kernel
