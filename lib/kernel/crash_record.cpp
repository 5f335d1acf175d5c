#include "kernel/crash_record.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "kernel/trace.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <string_view>

namespace livepatch::kernel {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 256;
constexpr std::size_t most_bytes = std::size_t{1} << 20U;
constexpr int levels = 2;

// "<4>[   12.345678] TEXT", as the records have it.
std::string_view text_of(std::string_view line) {
    if (line.starts_with('<'))
        line.remove_prefix(std::min(line.find('>') + 1, line.size()));
    if (line.starts_with('['))
        if (auto const end = line.find("] "); end != line.npos)
            line.remove_prefix(end + 2);
    return line;
}

void read_record(fs::path const& path, Blame& blamed) {
    auto const content = base::read_file(path, most_bytes);
    if (!content)
        return;
    TraceReader reader;
    for (auto const& line : base::split(*content, '\n')) {
        auto const* trace = reader.read({.text = std::string(text_of(line))});
        // What the kernel goes on after has brought nothing down.
        if (trace == nullptr || trace->kind == TraceKind::warning)
            continue;
        for (auto const& frame : trace->frames)
            if (!frame.module.empty() && blames(*trace, frame.module))
                blamed.insert_or_assign(frame.module, trace->lines); // longer each time
    }
}

void search(
    fs::path const& directory, int depth, std::chrono::system_clock::time_point since, Blame& blamed
) {
    auto const names = base::list_directory(directory, most_files);
    if (!names)
        return;
    for (auto const& name : *names) {
        auto const path = directory / name;
        struct stat status = {};
        if (::lstat(path.c_str(), &status) != 0)
            continue;
        bool const recent = std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec) >= since;
        bool const is_record = name.starts_with("dmesg-") || name == "dmesg.txt";
        if (S_ISREG(status.st_mode) && is_record && recent)
            read_record(path, blamed);
        else if (S_ISDIR(status.st_mode) && depth < levels)
            search(path, depth + 1, since, blamed);
    }
}

} // namespace

Blame blame_for_crash(
    std::vector<fs::path> const& directories, std::chrono::system_clock::time_point since
) {
    Blame blamed;
    for (auto const& directory : directories)
        search(directory, 0, since, blamed);
    return blamed;
}

} // namespace livepatch::kernel
