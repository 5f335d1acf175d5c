// A disk that fails when a test says so, below one directory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace livepatch::support {

// Stands between the program and the system calls that change files: write, fsync, rename, link,
// unlink and mkdir, which the linker has to wrap (livepatch_faulty_disk does). One at a time.
class FaultyDisk {
public:
    explicit FaultyDisk(std::filesystem::path directory);
    ~FaultyDisk();

    FaultyDisk(FaultyDisk const&) = delete;
    FaultyDisk& operator=(FaultyDisk const&) = delete;

    enum class Fault {
        stop,        // this call and all after it do nothing: the program is as good as dead
        no_space,    // this call alone fails, with ENOSPC
        short_write, // this call writes half of it and the next one fails; others are well
    };

    // Calls count from 1.
    void fail(std::size_t call, Fault fault);

    void heal();

    std::size_t calls() const { return calls_; }

    // What was done, as "write NAME", "rename NAME", "sync NAME"; a directory's name ends with '/'.
    std::vector<std::string> const& trace() const { return trace_; }

    // What a power cut may do: bytes that were not synced are gone, and so is what was made,
    // renamed or removed in a directory that was not synced since.
    void cut_power();

    // For the wrapped calls: what they have to do instead of the real thing, if anything; and that
    // the real thing was done.
    struct Call {
        std::string verb;
        std::filesystem::path path;
        std::filesystem::path to = {}; // of a rename or a link
    };

    enum class Verdict { real, fail, half };

    static FaultyDisk* current();
    bool is_ours(std::filesystem::path const& path) const;
    Verdict judge(Call const& call);
    void done(Call const& call);

private:
    struct Undo {
        std::filesystem::path directory;
        std::filesystem::path path;
        std::optional<std::string> content; // nothing = it was not there
        std::filesystem::path from;         // of a directory that was renamed
    };

    void keep(std::filesystem::path const& path);

    std::filesystem::path directory_;
    std::size_t calls_ = 0;
    std::size_t fault_at_ = 0;
    Fault fault_ = Fault::stop;
    bool next_fails_ = false;
    std::vector<std::string> trace_;
    std::set<std::filesystem::path> unsynced_;
    std::vector<Undo> undo_;
};

} // namespace livepatch::support
