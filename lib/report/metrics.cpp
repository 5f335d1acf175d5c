#include "report/metrics.hpp"

#include "base/text.hpp"

#include <initializer_list>
#include <set>
#include <utility>

namespace livepatch::report {

namespace {

using Label = std::pair<std::string_view, std::string_view>;

std::string quoted(std::string_view value) {
    std::string text = "\"";
    for (char const byte : base::escaped(value)) {
        if (byte == '\\' || byte == '"')
            text += '\\';
        text += byte;
    }
    return text + '"';
}

std::int64_t seconds(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// One metric after the other, each with what it means before its samples.
class Page {
public:
    void metric(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        text_ += "# HELP " + name_ + ' ' + std::string(help) + '\n';
        text_ += "# TYPE " + name_ + ' ' + std::string(type) + '\n';
    }

    void sample(std::initializer_list<Label> labels, std::int64_t value) {
        text_ += name_;
        char before = '{';
        for (auto const& [name, word] : labels) {
            text_ += std::exchange(before, ',');
            text_ += std::string(name) + '=' + quoted(word);
        }
        text_ += (labels.size() == 0 ? " " : "} ") + std::to_string(value) + '\n';
    }

    std::string take() { return std::move(text_); }

private:
    std::string text_;
    std::string name_;
};

void host(Page& page, Report const& report, std::string_view version) {
    page.metric("livepatchd_build_info", "gauge", "The version of livepatchd.");
    page.sample({{"version", version}}, 1);
    page.metric("livepatchd_health", "gauge", "1 for the health that the host has.");
    for (auto const health :
         {Health::ok, Health::pending, Health::degraded, Health::insecure, Health::unsupported})
        page.sample({{"health", name(health)}}, report.health == health ? 1 : 0);
    page.metric("livepatchd_health_reason", "gauge", "1 for each reason of the health.");
    std::set<std::string_view> codes; // one may stand there several times
    for (std::string_view const reason : report.health_reasons)
        codes.insert(reason.substr(0, reason.find(": ")));
    for (auto const code : codes)
        page.sample({{"reason", code}}, 1);
    page.metric("livepatchd_reboot_needed", "gauge", "Whether only a reboot makes it well.");
    page.sample({}, report.reboot_needed ? 1 : 0);
    page.metric("livepatch_kernel_info", "gauge", "The running kernel.");
    page.sample({{"release", report.kernel.release}, {"build_id", report.kernel.build_id}}, 1);
}

// A time that is not known has no sample.
void times(Page& page, Report const& report) {
    auto const time = [&](std::string_view metric, std::string_view help, Time when) {
        page.metric(metric, "gauge", help);
        if (when != Time())
            page.sample({}, seconds(when));
    };
    time(
        "livepatchd_last_refresh_timestamp_seconds",
        "When the sources were read.",
        report.last_refresh
    );
    time(
        "livepatchd_metadata_expires_timestamp_seconds",
        "When the metadata of the first repository expires.",
        report.metadata_expires
    );
}

void patches(Page& page, Report const& report) {
    page.metric("livepatch_patch_info", "gauge", "What is known of a patch.");
    for (auto const& patch : report.patches)
        page.sample(
            {{"patch", patch.name},
             {"id", patch.id},
             {"version", patch.version},
             {"severity", patch.severity},
             {"disposition", name(patch.disposition)},
             {"source", patch.source}},
            1
        );
    page.metric("livepatch_patch_enabled", "gauge", "Whether every task runs its code.");
    for (auto const& patch : report.patches)
        page.sample({{"patch", patch.name}}, patch.state == base::PatchState::enabled ? 1 : 0);
    page.metric("livepatch_patch_transition", "gauge", "Whether tasks move to it or away from it.");
    for (auto const& patch : report.patches)
        page.sample({{"patch", patch.name}}, base::in_transition(patch.state) ? 1 : 0);
}

void transitions(Page& page, Report const& report) {
    page.metric(
        "livepatch_transition_start_timestamp_seconds", "gauge", "When the transition began."
    );
    for (auto const& patch : report.patches)
        if (patch.transition && patch.transition->since != Time())
            page.sample({{"patch", patch.name}}, seconds(patch.transition->since));
    page.metric(
        "livepatch_transition_tasks", "gauge", "Tasks it waits for, as they were last counted."
    );
    for (auto const& patch : report.patches)
        if (patch.transition)
            page.sample({{"patch", patch.name}}, patch.transition->tasks_remaining);
}

void events(Page& page, EventCounts const& counts) {
    page.metric("livepatch_events_total", "counter", "What happened since livepatchd started.");
    for (auto const kind : event_kinds()) {
        auto const found = counts.find(kind);
        page.sample(
            {{"event", name(kind)}, {"outcome", name(outcome(kind))}},
            found == counts.end() ? 0 : static_cast<std::int64_t>(found->second)
        );
    }
}

} // namespace

std::string
metrics_text(Report const& report, EventCounts const& counts, std::string_view version) {
    Page page;
    host(page, report, version);
    times(page, report);
    patches(page, report);
    transitions(page, report);
    events(page, counts);
    return page.take();
}

} // namespace livepatch::report
