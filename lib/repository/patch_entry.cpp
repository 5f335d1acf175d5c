#include "repository/patch_entry.hpp"

#include "base/quantity.hpp"
#include "repository/words.hpp"
#include "trust/tuf/header.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace livepatch::repository {

namespace {

constexpr std::size_t most_vulnerabilities = 512;
constexpr std::size_t most_functions = 4096;
constexpr std::size_t most_builds = 64;
constexpr std::size_t most_relations = 256;
constexpr std::size_t most_steps = 256;
constexpr std::size_t most_states = 256;
constexpr std::size_t longest_summary = 256;

constexpr auto id_form = "1 to 64 letters, digits, '.', '_' and '-'";
constexpr auto time_form = "a time as 2026-01-31T23:59:59Z";
constexpr auto hex_form = "build-ids in hex";
constexpr auto object_form = "vmlinux or a module";

bool is_summary(std::string_view text) {
    return text.size() <= longest_summary;
}

bool is_harm(std::string_view word) {
    return word == "oops" || word == "bug" || word == "lockup" || word == "warn";
}

void read_time(EntryReader const& entry, std::string_view key, std::optional<Time>& target) {
    std::string text;
    if (entry.text(key, text, is_moment, time_form))
        target = trust::tuf::parse_time(text);
}

void read_span(
    EntryReader const& entry, std::string_view key, std::optional<std::chrono::seconds>& target
) {
    std::string text;
    if (entry.text(key, text, is_span, "a duration such as \"90s\" or \"5min\""))
        target = base::parse_duration(text);
}

void read_vulnerabilities(EntryReader const& entry, std::vector<std::string>& cves) {
    entry.objects("vulnerabilities", most_vulnerabilities, [&](EntryReader const& one) {
        std::string id;
        one.need("id", one.text("id", id, is_id, "a name such as \"CVE-2026-1234\""));
        cves.push_back(std::move(id));
    });
    entry.texts("cves", most_vulnerabilities, cves, is_id, "names such as \"CVE-2026-1234\"");
    std::vector<std::string> once;
    for (auto& id : cves)
        if (std::find(once.begin(), once.end(), id) == once.end())
            once.push_back(std::move(id));
    cves = std::move(once);
}

void read_targets(EntryReader const& entry, std::vector<PatchEntry::Target>& targets) {
    entry.objects("targets", most_builds, [&](EntryReader const& one) {
        auto& target = targets.emplace_back();
        one.need("object", one.text("object", target.object, is_object, object_form));
        one.texts("build_ids", most_builds, target.build_ids, is_build_id, hex_form);
    });
}

void read_functions(EntryReader const& entry, std::vector<module::Object>& objects) {
    entry.objects("functions", most_functions, [&](EntryReader const& one) {
        std::string object = "vmlinux";
        std::string name;
        std::optional<std::uint64_t> sympos;
        one.text("object", object, is_object, object_form);
        one.need("name", one.text("name", name, is_function, "the name of a function"));
        one.number("sympos", sympos);
        auto const same = std::find_if(objects.begin(), objects.end(), [&](auto const& known) {
            return known.name == object;
        });
        auto& place =
            same == objects.end() ? objects.emplace_back(module::Object{object, {}}) : *same;
        place.functions.push_back({std::move(name), sympos.value_or(0)});
    });
}

void read_module(EntryReader const& entry, PatchEntry::Module& target) {
    entry.object("module", [&](EntryReader const& module) {
        module.text("name", target.name, is_object, "the name of a module");
        module.text("path", target.path, is_target_path, "the path of a file below targets/");
        module.number("length", target.length);
        module.text("build_id", target.build_id, is_build_id, "a build-id in hex");
        module.object("hashes", [&](EntryReader const& hashes) {
            hashes.text("sha256", target.sha256, is_sha256, "a SHA-256 in lower-case hex");
        });
    });
}

// An action that is not known is no reason to load what its publisher took back.
void read_withdrawal(EntryReader const& entry, std::optional<Withdrawal>& target) {
    entry.object("withdrawn", [&](EntryReader const& withdrawn) {
        auto& read = target.emplace();
        std::string action;
        withdrawn.text("reason", read.reason, is_text, "a text");
        withdrawn.text("action", action, is_text, "a text");
        read.revert = action == "revert" || action == "disable";
    });
}

void read_relations(EntryReader const& entry, PatchEntry& patch) {
    entry.texts("supersedes", most_relations, patch.supersedes, is_id, "ids of patches");
    entry.texts("requires", most_relations, patch.needs, is_id, "ids of patches");
    entry.texts("conflicts", most_relations, patch.conflicts, is_id, "ids of patches");
}

Rollout::Step read_step(EntryReader const& one) {
    std::optional<Time> at;
    std::optional<std::uint64_t> percent;
    read_time(one, "at", at);
    one.need("at", at.has_value());
    one.need("percent", one.number("percent", percent));
    if (percent.value_or(0) > 100)
        one.refuse("percent", "a whole number from 0 to 100");
    return {at.value_or(Time()), static_cast<unsigned>(percent.value_or(0))};
}

void read_rollout(EntryReader const& entry, std::optional<Rollout>& target) {
    entry.object("rollout", [&](EntryReader const& read) {
        auto& rollout = target.emplace();
        std::optional<bool> paused;
        read.flag("paused", paused);
        rollout.paused = paused.value_or(false);
        // A ring without steps is one that it does not reach.
        Rollout::Steps* ring = nullptr;
        read.lists(
            "rings",
            most_steps,
            [&](std::string_view name) { ring = &rollout.rings[std::string(name)]; },
            [&](EntryReader const& one) { ring->push_back(read_step(one)); }
        );
        for (auto& [name, steps] : rollout.rings)
            std::stable_sort(steps.begin(), steps.end(), [](auto const& left, auto const& right) {
                return left.at < right.at;
            });
    });
}

void read_times(EntryReader const& entry, PatchTimes& times) {
    entry.object("transition", [&](EntryReader const& transition) {
        read_span(transition, "stall_after", times.stall_after);
        read_span(transition, "reverse_after", times.reverse_after);
    });
    entry.object("probation", [&](EntryReader const& probation) {
        read_span(probation, "time", times.probation);
        std::vector<std::string> words;
        probation.texts(
            "revert_on", 4, words, is_harm, "\"oops\", \"bug\", \"lockup\" and \"warn\""
        );
        if (probation.has("revert_on"))
            times.revert_on = std::move(words);
    });
}

// The kernel ends its own list of them with the id 0.
void read_states(EntryReader const& entry, std::vector<SystemState>& states) {
    entry.objects("states", most_states, [&](EntryReader const& one) {
        std::optional<std::uint64_t> id;
        std::optional<std::uint64_t> version;
        one.need("id", one.number("id", id));
        one.number("version", version);
        SystemState const state{id.value_or(0), version.value_or(0)};
        bool const again = std::any_of(states.begin(), states.end(), [&](auto const& known) {
            return known.id == state.id;
        });
        if (again || state.id == 0)
            one.refuse("id", "a number from 1 on, and another one than those before it");
        if (state.version > std::numeric_limits<std::uint32_t>::max())
            one.refuse("version", "a number of 32 bits");
        states.push_back(state);
    });
}

void read_flag(EntryReader const& entry, std::string_view key, bool& target) {
    std::optional<bool> value;
    if (entry.flag(key, value))
        target = *value;
}

} // namespace

PatchEntry read_patch_entry(EntryReader const& entry) {
    PatchEntry patch;
    entry.need("id", entry.text("id", patch.id, is_id, id_form));
    entry.number("version", patch.version);
    entry.text(
        "severity",
        patch.severity,
        is_severity,
        "one of \"low\", \"moderate\", \"medium\", \"important\", \"high\", \"critical\""
    );
    entry.text("summary", patch.summary, is_summary, "a text of at most 256 bytes");
    read_vulnerabilities(entry, patch.cves);
    read_time(entry, "published", patch.published);
    read_withdrawal(entry, patch.withdrawn);
    read_module(entry, patch.module);
    read_targets(entry, patch.targets);
    read_functions(entry, patch.functions);
    entry.flag("replace", patch.replace);
    read_relations(entry, patch);
    read_rollout(entry, patch.rollout);
    read_times(entry, patch.times);
    read_states(entry, patch.states);
    read_flag(entry, "reversible", patch.reversible);
    read_flag(entry, "force_ok", patch.force_ok);
    return patch;
}

KernelEntry read_kernel_entry(EntryReader const& kernel) {
    KernelEntry read;
    kernel.text("release", read.release, is_release, "a kernel release (uname -r)");
    kernel.text("arch", read.arch, is_arch, "an architecture (uname -m)");
    kernel.texts("build_ids", most_builds, read.build_ids, is_build_id, hex_form);
    kernel.object("support", [&](EntryReader const& support) {
        support.text("status", read.support_status, is_id, "a word");
        read_time(support, "ends", read.support_ends);
    });
    kernel.text("reboot_into", read.reboot_into, is_release, "a kernel release (uname -r)");
    return read;
}

void check_schema(EntryReader const& text, std::string_view schema) {
    std::string said(schema);
    text.text("schema", said, is_text, '"' + std::string(schema) + '"');
    if (said != schema)
        text.refuse("schema", '"' + std::string(schema) + '"');
}

} // namespace livepatch::repository
