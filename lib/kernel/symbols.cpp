#include "kernel/symbols.hpp"

#include "kernel/lines.hpp"
#include "kernel/tracefs.hpp"

namespace livepatch::kernel {

namespace {

void count(FunctionCounts& counts, FunctionNames const& wanted, ListedFunction const& listed) {
    if (auto const* function = wanted.find(listed.object, listed.name))
        ++counts[*function];
}

// "ffffffff81000000 T NAME", and "\t[MODULE]" after it. There is no kernel without symbols: a file
// without any is not the kernel's.
base::Result<FunctionCounts>
count_symbols(std::filesystem::path const& path, FunctionNames const& wanted) {
    FunctionCounts counts;
    bool any = false;
    auto const read = for_each_line(path, [&](std::string_view line) {
        auto const type = line.find(' ');
        if (type == std::string_view::npos || line.size() < type + 3)
            return true;
        any = true;
        line.remove_prefix(type + 3);
        count(counts, wanted, listed_function(line));
        return true;
    });
    if (!read)
        return read.error();
    if (any)
        return counts;
    return base::Error{
        .code = base::Errc::failed, .subject = path.string(), .cause = "is empty", .remedy = {}};
}

} // namespace

base::Result<FunctionCounts> count_symbols(Root const& root, FunctionNames const& wanted) {
    auto counts = count_symbols(root.proc / "kallsyms", wanted);
    if (counts)
        return counts;
    auto given = count_symbols(root.run / "livepatchd/kallsyms", wanted);
    return given ? std::move(given) : std::move(counts);
}

// "NAME", and " [MODULE]" after it.
base::Result<FunctionCounts> count_traceable(Root const& root, FunctionNames const& wanted) {
    FunctionCounts counts;
    auto const read =
        for_each_line(tracefs(root) / "available_filter_functions", [&](std::string_view line) {
            count(counts, wanted, listed_function(line));
            return true;
        });
    if (!read)
        return read.error();
    return counts;
}

} // namespace livepatch::kernel
