// What the daemon wrote last, corrected by what the kernel shows now.
#pragma once

#include "kernel/identity.hpp"
#include "kernel/livepatch_tree.hpp"
#include "report/report.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace livepatch::lpctl {

struct Facts {
    kernel::Identity kernel;
    std::optional<kernel::Observation> observed; // nothing: a kernel without livepatching
    std::optional<report::Report> remembered;    // status.json
    std::string problem; // why there is no status.json though the daemon runs; "" = not written yet
    bool daemon_running = false;
};

// What a reading verb shows.
struct View {
    report::Report report;
    bool daemon_running = false;
    bool remembered = false; // there was a report: what only the daemon knows is known
    // Whether tasks_remaining of the running transition is a number somebody counted.
    bool tasks_known = true;

    report::PatchReport const* find(std::string_view name_or_id) const;
    report::PatchReport const* transition() const;
};

// The state of each patch is the kernel's; the rest is remembered as far as the kernel does not
// contradict it. Pure.
View overlay(Facts facts);

// As status.json, with a null where the number of tasks is not known.
nlohmann::ordered_json view_json(View const& view);

// The health reasons that lpctl itself gives, beside report::daemon_not_running; all others are the
// daemon's.
inline constexpr std::string_view kernel_without_livepatch = "kernel-without-livepatch";
inline constexpr std::string_view no_status_yet = "no-status-yet";

} // namespace livepatch::lpctl
