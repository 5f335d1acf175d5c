#include "report/report_json.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>

namespace livepatch::report {

namespace {

using Json = nlohmann::ordered_json;

Json time_json(Time time) {
    return time == Time() ? Json(nullptr) : Json(base::rfc3339(time));
}

Time time_from(Json const& json) {
    if (!json.is_string())
        return {};
    std::tm parts = {};
    auto const text = json.get<std::string>();
    auto const* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (end == nullptr || *end != '\0')
        return {};
    // timegm(3) would read the zone of local time first.
    using namespace std::chrono;
    auto const day = year(parts.tm_year + 1900) / (parts.tm_mon + 1) / parts.tm_mday;
    auto const seconds = sys_days(day).time_since_epoch() + hours(parts.tm_hour) +
                         minutes(parts.tm_min) + std::chrono::seconds(parts.tm_sec);
    // A clock that counts nanoseconds ends in the year 2262.
    bool const representable =
        seconds < std::chrono::floor<std::chrono::seconds>(Time::max().time_since_epoch());
    return representable ? Time(seconds) : Time();
}

Json functions_json(std::vector<FunctionReport> const& functions) {
    auto array = Json::array();
    for (auto const& function : functions)
        array.push_back(
            {{"object", function.object}, {"name", function.name}, {"patched", function.patched}}
        );
    return array;
}

Json candidates_json(std::vector<CandidateReport> const& candidates) {
    auto array = Json::array();
    for (auto const& candidate : candidates)
        array.push_back(
            {{"source", candidate.source},
             {"id", candidate.id},
             {"sha256", candidate.sha256},
             {"chosen", candidate.chosen}}
        );
    return array;
}

Json transition_json(std::optional<TransitionReport> const& transition) {
    if (!transition)
        return nullptr;
    return {
        {"since", time_json(transition->since)}, {"tasks_remaining", transition->tasks_remaining}};
}

template <class T>
void take(Json const& json, char const* key, T& value) {
    if (auto const found = json.find(key); found != json.end())
        found->get_to(value);
}

// A list; empty when the key is not there.
Json list(Json const& json, char const* key) {
    auto const found = json.find(key);
    if (found == json.end())
        return Json::array();
    return found->get<Json::array_t>(); // throws unless it is one
}

template <class Enum>
void take_word(Json const& json, char const* key, Enum& value) {
    std::string word;
    take(json, key, word);
    value = from_name<Enum>(word).value_or(value);
}

void require_object(Json const& json) {
    (void)json.get_ref<Json::object_t const&>(); // throws unless it is one
}

std::uint32_t tasks_from(Json const& json) {
    std::int64_t tasks = 0;
    take(json, "tasks_remaining", tasks);
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::clamp(tasks, std::int64_t{0}, most));
}

std::vector<FunctionReport> functions_from(Json const& array) {
    std::vector<FunctionReport> functions;
    for (auto const& json : array) {
        auto& function = functions.emplace_back();
        require_object(json);
        take(json, "object", function.object);
        take(json, "name", function.name);
        take(json, "patched", function.patched);
    }
    return functions;
}

std::vector<CandidateReport> candidates_from(Json const& array) {
    std::vector<CandidateReport> candidates;
    for (auto const& json : array) {
        auto& candidate = candidates.emplace_back();
        require_object(json);
        take(json, "source", candidate.source);
        take(json, "id", candidate.id);
        take(json, "sha256", candidate.sha256);
        take(json, "chosen", candidate.chosen);
    }
    return candidates;
}

PatchReport patch_from(Json const& json) {
    require_object(json);
    PatchReport patch;
    take(json, "name", patch.name);
    take(json, "id", patch.id);
    take(json, "version", patch.version);
    std::string state;
    take(json, "state", state);
    patch.state = base::patch_state(state).value_or(base::PatchState::absent);
    take_word(json, "disposition", patch.disposition);
    take(json, "flags", patch.flags);
    take(json, "reason", patch.reason);
    take(json, "source", patch.source);
    take(json, "severity", patch.severity);
    take(json, "cves", patch.cves);
    take(json, "sha256", patch.sha256);
    take(json, "signer", patch.signer);
    take_word(json, "replace", patch.replace);
    if (auto const found = json.find("transition"); found != json.end() && found->is_object()) {
        auto& transition = patch.transition.emplace();
        transition.since = time_from(found->value("since", Json()));
        transition.tasks_remaining = tasks_from(*found);
    }
    patch.functions = functions_from(list(json, "functions"));
    patch.candidates = candidates_from(list(json, "candidates"));
    patch.loaded_at = time_from(json.value("loaded_at", Json()));
    take_word(json, "probation", patch.probation);
    return patch;
}

AheadReport ahead_from(Json const& json) {
    require_object(json);
    AheadReport patch;
    take(json, "name", patch.name);
    take(json, "id", patch.id);
    take(json, "version", patch.version);
    take(json, "severity", patch.severity);
    take(json, "cves", patch.cves);
    take(json, "source", patch.source);
    take(json, "sha256", patch.sha256);
    take(json, "signer", patch.signer);
    take(json, "ready", patch.ready);
    take(json, "reason", patch.reason);
    return patch;
}

OtherKernelReport other_kernel_from(Json const& json) {
    require_object(json);
    OtherKernelReport kernel;
    take(json, "release", kernel.release);
    for (auto const& patch : list(json, "patches"))
        kernel.patches.push_back(ahead_from(patch));
    take(json, "problems", kernel.problems);
    return kernel;
}

Report report_from(Json const& json) {
    Report report;
    take_word(json, "health", report.health);
    take(json, "health_reasons", report.health_reasons);
    auto const kernel = json.value("kernel", Json::object());
    require_object(kernel);
    take(kernel, "release", report.kernel.release);
    take(kernel, "version", report.kernel.version);
    take(kernel, "build_id", report.kernel.build_id);
    take(kernel, "livepatch", report.kernel.livepatch);
    take_word(json, "mode", report.mode);
    take_word(json, "stage", report.stage);
    report.last_refresh = time_from(json.value("last_refresh", Json()));
    report.metadata_expires = time_from(json.value("metadata_expires", Json()));
    take(json, "reboot_needed", report.reboot_needed);
    take(json, "reboot_reasons", report.reboot_reasons);
    for (auto const& patch : list(json, "patches"))
        report.patches.push_back(patch_from(patch));
    for (auto const& other : list(json, "other_kernels"))
        report.other_kernels.push_back(other_kernel_from(other));
    return report;
}

} // namespace

Json to_json(PatchReport const& patch) {
    return {
        {"name", patch.name},
        {"id", patch.id},
        {"version", patch.version},
        {"state", base::name(patch.state)},
        {"disposition", name(patch.disposition)},
        {"flags", patch.flags},
        {"reason", patch.reason},
        {"source", patch.source},
        {"severity", patch.severity},
        {"cves", patch.cves},
        {"sha256", patch.sha256},
        {"signer", patch.signer},
        {"replace", name(patch.replace)},
        {"transition", transition_json(patch.transition)},
        {"functions", functions_json(patch.functions)},
        {"candidates", candidates_json(patch.candidates)},
        {"loaded_at", time_json(patch.loaded_at)},
        {"probation", name(patch.probation)},
    };
}

Json to_json(OtherKernelReport const& kernel) {
    auto patches = Json::array();
    for (auto const& patch : kernel.patches)
        patches.push_back(
            {{"name", patch.name},
             {"id", patch.id},
             {"version", patch.version},
             {"severity", patch.severity},
             {"cves", patch.cves},
             {"source", patch.source},
             {"sha256", patch.sha256},
             {"signer", patch.signer},
             {"ready", patch.ready},
             {"reason", patch.reason}}
        );
    return {
        {"release", kernel.release},
        {"patches", std::move(patches)},
        {"problems", kernel.problems},
    };
}

Json to_json(Report const& report, std::string_view daemon) {
    auto other_kernels = Json::array();
    for (auto const& kernel : report.other_kernels)
        other_kernels.push_back(to_json(kernel));
    auto patches = Json::array();
    for (auto const& patch : report.patches)
        patches.push_back(to_json(patch));
    return {
        {"schema", schema_version},
        {"daemon", daemon},
        {"health", name(report.health)},
        {"health_reasons", report.health_reasons},
        {"kernel",
         {{"release", report.kernel.release},
          {"version", report.kernel.version},
          {"build_id", report.kernel.build_id},
          {"livepatch", report.kernel.livepatch}}},
        {"mode", name(report.mode)},
        {"stage", name(report.stage)},
        {"last_refresh", time_json(report.last_refresh)},
        {"metadata_expires", time_json(report.metadata_expires)},
        {"reboot_needed", report.reboot_needed},
        {"reboot_reasons", report.reboot_reasons},
        {"patches", std::move(patches)},
        {"other_kernels", std::move(other_kernels)},
    };
}

base::Result<Report> report_from_json(std::string_view text, std::string_view subject) {
    auto const refused = [&](std::string cause) {
        return base::Error{
            .code = base::Errc::failed,
            .subject = std::string(subject),
            .cause = std::move(cause),
            .remedy = {}};
    };
    try {
        auto const json = Json::parse(text);
        if (json.value("schema", 0) != schema_version)
            return refused("not a report of schema 1");
        return report_from(json);
    } catch (Json::exception const& error) {
        return refused(std::string("not a report: ") + error.what());
    }
}

} // namespace livepatch::report
