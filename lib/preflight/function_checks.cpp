// The part of the checklist about the functions that a patch changes.
#include "preflight/answer.hpp"
#include "preflight/checklist.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace livepatch::preflight {

namespace {

constexpr auto existence = "functions";
constexpr auto traceability = "traceable";
constexpr auto users = "function-users";

struct Wanted {
    kernel::FunctionName function;
    std::uint64_t position = 0; // among those of this name; 0 = there is to be one only
};

// Of the objects that are loaded.
std::vector<Wanted> wanted_by(Facts const& facts, Subject const& subject) {
    std::vector<Wanted> wanted;
    for (auto const& object : subject.module.objects) {
        auto const target = facts.targets.find(object.name);
        if (target != facts.targets.end() && !target->second.loaded)
            continue;
        for (auto const& function : object.functions)
            wanted.push_back(
                {.function = {.object = object.name, .name = function.name},
                 .position = function.sympos}
            );
    }
    return wanted;
}

// "'a'", "'a' and 'b'", "'a', 'b' and 7 more"
std::string list_of(std::vector<std::string> const& names) {
    constexpr std::size_t most = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(most, names.size()); ++i)
        text += (text.empty() ? "'" : ", '") + names[i] + "'";
    if (names.size() > most)
        text += fmt::format(" and {} more", names.size() - most);
    return text;
}

unsigned count_of(kernel::FunctionCounts const& counts, kernel::FunctionName const& function) {
    auto const found = counts.find(function);
    return found == counts.end() ? 0 : found->second;
}

// The kernel names the first; we name all that share its fate.
Check failed_functions(char const* item, base::Error error, std::vector<std::string> const& names) {
    if (names.size() > 1)
        error.cause += " (all of them: " + list_of(names) + ")";
    return failed(item, std::move(error));
}

// Why the kernel would not find it (kernel/livepatch/core.c: klp_find_object_symbol); "" = it
// would.
std::string line_for_missing(Wanted const& wanted, unsigned count) {
    auto const& [object, name] = wanted.function;
    if (count == 0)
        return fmt::format("livepatch: symbol '{}' not found in symbol table", name);
    if (wanted.position == 0 && count > 1)
        return fmt::format(
            "livepatch: unresolvable ambiguity for symbol '{}' in object '{}'", name, object
        );
    if (wanted.position > count)
        return fmt::format(
            "livepatch: symbol position {} for symbol '{}' in object '{}' not found",
            wanted.position,
            name,
            object
        );
    return {};
}

Check check_existence(
    FunctionFacts const& facts, Subject const& subject, std::vector<Wanted> const& wanted
) {
    if (!facts.symbols)
        return unknown(existence, facts.symbols.error());
    std::optional<base::Error> first;
    std::vector<std::string> names;
    for (auto const& one : wanted) {
        auto const line = line_for_missing(one, count_of(*facts.symbols, one.function));
        if (line.empty())
            continue;
        auto error = answer(subject.module.name, EINVAL, line);
        // Under one cause only what shares it but for the name.
        if (first && error.remedy != first->remedy)
            continue;
        names.push_back(one.function.name);
        if (!first)
            first = std::move(error);
    }
    if (first)
        return failed_functions(existence, *std::move(first), names);
    std::vector<std::string> all;
    for (auto const& one : wanted)
        all.push_back(one.function.name);
    return passed(existence, "this kernel has " + list_of(all));
}

Check check_traceability(
    FunctionFacts const& facts, Subject const& subject, std::vector<Wanted> const& wanted
) {
    if (!facts.traceable)
        return unknown(traceability, facts.traceable.error());
    std::optional<base::Error> first;
    std::vector<std::string> names;
    std::vector<std::string> unsure;
    bool any = false;
    for (auto const& one : wanted) {
        auto const traceable = count_of(*facts.traceable, one.function);
        auto const all = facts.symbols ? count_of(*facts.symbols, one.function) : 1;
        if (all == 0)
            continue; // that it is not there is said already
        any = true;
        if (traceable != 0) {
            if (traceable < all)
                unsure.push_back(one.function.name); // which of them is not told
            continue;
        }
        names.push_back(one.function.name);
        if (!first)
            first = answer(
                subject.module.name,
                EINVAL,
                fmt::format(
                    "livepatch: failed to find location for function '{}'", one.function.name
                )
            );
    }
    if (first)
        return failed_functions(traceability, *std::move(first), names);
    if (!unsure.empty())
        return unknown(
            traceability,
            "there are several functions " + list_of(unsure) + ", and some cannot be traced"
        );
    if (!any)
        return not_applicable(traceability, "none of them is in this kernel");
    return passed(traceability, "ftrace can hook all of them that are there");
}

// Which functions livepatches have redirected, in whose name ftrace shows one user.
std::set<kernel::FunctionName> livepatched(kernel::Observation const& observed) {
    std::set<kernel::FunctionName> functions;
    for (auto const& patch : observed.patches)
        for (auto const& object : patch.objects)
            for (auto const& function : object.functions)
                functions.insert({.object = object.name, .name = function.name});
    return functions;
}

std::string probes_at_entry(FunctionFacts const& facts, kernel::FunctionName const& function) {
    std::vector<std::string> found;
    if (facts.probes)
        for (auto const& probe : *facts.probes)
            if (probe.function == function && probe.by_ftrace && probe.acts)
                found.push_back(probe.words());
    return fmt::format("{}", fmt::join(found, ", "));
}

// EBUSY: there can be one who decides where a call goes (kernel/trace/ftrace.c:
// __ftrace_hash_update_ipmodify).
std::optional<Check> check_redirected(
    FunctionFacts const& facts, Subject const& subject, std::set<kernel::FunctionName> const& ours
) {
    for (auto const& traced : *facts.traced) {
        if (!traced.redirected || ours.contains(traced.function))
            continue;
        auto error = answer(
            subject.module.name,
            EBUSY,
            fmt::format(
                "livepatch: failed to register ftrace handler for function '{}' (-16)",
                traced.function.name
            )
        );
        auto const in_general = error.cause;
        if (auto const by = probes_at_entry(facts, traced.function); !by.empty()) {
            error.cause = "its function '" + traced.function.name + "' is redirected by a " + by +
                          " with a post handler";
            error.remedy = "remove the probe, or unload what put it there, and try again";
        }
        auto check = failed(users, std::move(error));
        check.for_all = in_general;
        return check;
    }
    return std::nullopt;
}

// What stays where it is and sees less than before.
std::string overridden(FunctionFacts const& facts) {
    std::vector<std::string> found;
    if (facts.probes)
        for (auto const& probe : *facts.probes)
            if (probe.acts && !probe.by_ftrace)
                found.push_back(probe.words() + " is in the old code and not reached any more");
    for (auto const& traced : *facts.traced)
        if (traced.direct)
            found.push_back("a BPF program or another direct caller is at " + traced.function.name);
    return fmt::format("{}", fmt::join(found, "; "));
}

Check check_users(FunctionFacts const& facts, Facts const& all, Subject const& subject) {
    if (!facts.traced)
        return unknown(users, facts.traced.error());
    if (!all.observed)
        return unknown(users, all.observed.error());
    if (auto check = check_redirected(facts, subject, livepatched(*all.observed)))
        return *std::move(check);
    if (auto const found = overridden(facts); !found.empty()) {
        auto check = warning(users, found);
        check.for_all = "something else is attached to its functions, too";
        return check;
    }
    if (!facts.probes)
        return unknown(users, facts.probes.error());
    return passed(users, "nobody else has hooked them");
}

Check check_patched(Facts const& facts, std::vector<Wanted> const& wanted, Subject const& subject) {
    auto const* const item = "patched-functions";
    if (!facts.observed)
        return unknown(item, facts.observed.error());
    std::vector<std::string> found;
    for (auto const& patch : facts.observed->patches) {
        if (patch.name == subject.module.name)
            continue;
        auto const theirs = livepatched({.patches = {patch}});
        for (auto const& one : wanted)
            if (theirs.contains(one.function))
                found.push_back("'" + one.function.name + "' by " + patch.name);
    }
    if (found.empty())
        return passed(item, "no other livepatch has patched them");
    return passed(
        item, fmt::format("patched already: {}; the last one counts", fmt::join(found, ", "))
    );
}

} // namespace

Checks examine_functions(Facts const& facts, Subject const& subject) {
    if (!facts.functions)
        return {};
    auto const wanted = wanted_by(facts, subject);
    Checks checks;
    if (wanted.empty()) {
        bool const untold = subject.module.objects.empty();
        for (auto const* item : {existence, traceability, users})
            checks.push_back(
                untold ? unknown(item, "its file does not tell what it patches")
                       : not_applicable(item, "nothing that it patches is loaded")
            );
        return checks;
    }
    checks.push_back(check_existence(*facts.functions, subject, wanted));
    checks.push_back(check_traceability(*facts.functions, subject, wanted));
    checks.push_back(check_users(*facts.functions, facts, subject));
    checks.push_back(check_patched(facts, wanted, subject));
    return checks;
}

} // namespace livepatch::preflight
