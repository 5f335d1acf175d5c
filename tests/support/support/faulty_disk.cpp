#include "support/faulty_disk.hpp"

#include <sys/stat.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <unistd.h>
#include <utility>

namespace livepatch::support {

namespace {

FaultyDisk* the_disk = nullptr;

std::optional<std::string> content_of(std::filesystem::path const& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in || !std::filesystem::is_regular_file(path))
        return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(in), {});
}

} // namespace

FaultyDisk::FaultyDisk(std::filesystem::path directory) : directory_(std::move(directory)) {
    the_disk = this;
}

FaultyDisk::~FaultyDisk() {
    the_disk = nullptr;
}

FaultyDisk* FaultyDisk::current() {
    return the_disk;
}

void FaultyDisk::fail(std::size_t call, Fault fault) {
    fault_at_ = calls_ + call;
    fault_ = fault;
}

void FaultyDisk::heal() {
    fault_at_ = 0;
    next_fails_ = false;
}

bool FaultyDisk::is_ours(std::filesystem::path const& path) const {
    return path.string().starts_with(directory_.string());
}

FaultyDisk::Verdict FaultyDisk::judge(Call const& call) {
    ++calls_;
    if (std::exchange(next_fails_, false))
        return Verdict::fail;
    bool const hit = fault_at_ != 0 && calls_ >= fault_at_;
    if (hit && fault_ == Fault::stop)
        return Verdict::fail;
    if (!hit || calls_ != fault_at_)
        return Verdict::real;
    if (fault_ == Fault::no_space)
        return Verdict::fail;
    next_fails_ = call.verb == "write";
    return next_fails_ ? Verdict::half : Verdict::real;
}

void FaultyDisk::keep(std::filesystem::path const& path) {
    undo_.push_back({path.parent_path(), path, content_of(path), {}});
}

// Before the real thing for what takes something away, which is why it is called there.
void FaultyDisk::done(Call const& call) {
    auto const is_directory = std::filesystem::is_directory(call.path);
    auto const& named = call.to.empty() ? call.path : call.to;
    trace_.push_back(call.verb + ' ' + named.filename().string() + (is_directory ? "/" : ""));
    if (call.verb == "write")
        unsynced_.insert(call.path);
    if (call.verb == "sync" && !is_directory)
        unsynced_.erase(call.path);
    if (call.verb == "sync" && is_directory)
        std::erase_if(undo_, [&](Undo const& undo) { return undo.directory == call.path; });
    bool const is_made = call.verb == "mkdir" && !std::filesystem::exists(call.path);
    if (call.verb == "unlink" || is_made)
        keep(call.path);
    if (call.verb == "link")
        keep(call.to);
    if (call.verb == "rename" && is_directory)
        undo_.push_back({call.to.parent_path(), call.to, std::nullopt, call.path});
    else if (call.verb == "rename") {
        keep(call.to);
        if (unsynced_.erase(call.path) != 0)
            unsynced_.insert(call.to);
    }
}

void FaultyDisk::cut_power() {
    for (auto const& path : unsynced_)
        if (std::filesystem::exists(path))
            std::filesystem::resize_file(path, 0);
    std::reverse(undo_.begin(), undo_.end());
    for (auto const& undo : undo_) {
        if (!undo.from.empty() && std::filesystem::exists(undo.path)) {
            std::filesystem::rename(undo.path, undo.from);
            continue;
        }
        std::filesystem::remove_all(undo.path); // it may be another name of what is to stay
        if (undo.content)
            std::ofstream(undo.path, std::ios::binary) << *undo.content;
    }
    unsynced_.clear();
    undo_.clear();
}

namespace {

std::filesystem::path path_of(int fd) {
    std::error_code failed;
    auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), failed);
    return path;
}

// Whether the real call is to be made. What is not about our directory always is.
FaultyDisk::Verdict ask(FaultyDisk::Call const& call) {
    auto* const disk = FaultyDisk::current();
    if (disk == nullptr || !disk->is_ours(call.path))
        return FaultyDisk::Verdict::real;
    auto const verdict = disk->judge(call);
    if (verdict != FaultyDisk::Verdict::fail)
        disk->done(call);
    return verdict;
}

template <class Real>
int call_or_fail(FaultyDisk::Call const& call, Real real) {
    if (ask(call) != FaultyDisk::Verdict::fail)
        return real();
    errno = ENOSPC;
    return -1;
}

} // namespace

} // namespace livepatch::support

// The names are the linker's: see ld(1), --wrap.
extern "C" {
ssize_t __real_write(int fd, void const* data, std::size_t size); // NOLINT
int __real_rename(char const* from, char const* to);              // NOLINT
int __real_unlink(char const* path);                              // NOLINT
int __real_link(char const* from, char const* to);                // NOLINT
int __real_mkdir(char const* path, mode_t mode);                  // NOLINT

ssize_t __wrap_write(int fd, void const* data, std::size_t size) { // NOLINT
    using livepatch::support::FaultyDisk;
    auto const verdict = livepatch::support::ask({"write", livepatch::support::path_of(fd)});
    if (verdict == FaultyDisk::Verdict::fail) {
        errno = ENOSPC;
        return -1;
    }
    return __real_write(fd, data, verdict == FaultyDisk::Verdict::half ? (size + 1) / 2 : size);
}

// It takes long, and a power cut is played here anyway.
int __wrap_fsync(int fd) { // NOLINT
    return livepatch::support::call_or_fail({"sync", livepatch::support::path_of(fd)}, [] {
        return 0;
    });
}

int __wrap_rename(char const* from, char const* to) { // NOLINT
    return livepatch::support::call_or_fail({"rename", from, to}, [&] {
        return __real_rename(from, to);
    });
}

int __wrap_unlink(char const* path) { // NOLINT
    return livepatch::support::call_or_fail({"unlink", path}, [&] { return __real_unlink(path); });
}

int __wrap_link(char const* from, char const* to) { // NOLINT
    return livepatch::support::call_or_fail({"link", from, to}, [&] {
        return __real_link(from, to);
    });
}

int __wrap_mkdir(char const* path, mode_t mode) { // NOLINT
    return livepatch::support::call_or_fail({"mkdir", path}, [&] {
        return __real_mkdir(path, mode);
    });
}
}
