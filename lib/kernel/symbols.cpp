#include "kernel/symbols.hpp"

#include "kernel/lines.hpp"
#include "kernel/tracefs.hpp"

namespace livepatch::kernel {

namespace {

void count(FunctionCounts& counts, FunctionNames const& wanted, ListedFunction const& listed) {
    if (auto const* function = wanted.find(listed.object, listed.name))
        ++counts[*function];
}

} // namespace

// "ffffffff81000000 T NAME", and "\t[MODULE]" after it.
base::Result<FunctionCounts> count_symbols(Root const& root, FunctionNames const& wanted) {
    FunctionCounts counts;
    auto const read = for_each_line(root.proc / "kallsyms", [&](std::string_view line) {
        auto const type = line.find(' ');
        if (type == std::string_view::npos || line.size() < type + 3)
            return true;
        line.remove_prefix(type + 3);
        count(counts, wanted, listed_function(line));
        return true;
    });
    if (!read)
        return read.error();
    return counts;
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
