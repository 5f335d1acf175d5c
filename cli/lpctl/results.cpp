#include "lpctl/results.hpp"

#include "base/text.hpp"
#include "lpctl/duration.hpp"
#include "report/report_json.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace livepatch::lpctl {

namespace {

std::string_view word(Change change) {
    static constexpr std::array<std::string_view, 10> words{
        "applied",
        "reverted",
        "already",
        "started",
        "held",
        "unheld",
        "would-apply",
        "would-revert",
        "failed",
        "still-going-on"};
    return words.at(static_cast<std::size_t>(change));
}

Json results_json(std::vector<PatchResult> const& results) {
    auto array = Json::array();
    for (auto const& result : results)
        array.push_back(
            {{"name", result.name},
             {"state", base::name(result.state)},
             {"result", word(result.change)},
             {"elapsed_ms", result.elapsed.count()}}
        );
    return array;
}

} // namespace

std::string result_text(PatchResult const& result) {
    auto const name = base::escaped(result.name);
    auto const state = base::name(result.state);
    switch (result.change) {
    case Change::applied:
        return fmt::format("{}: {} after {}\n", name, state, duration_text(result.elapsed));
    case Change::reverted:
        return fmt::format(
            "{}: reverted after {}{}\n",
            name,
            duration_text(result.elapsed),
            result.state == base::PatchState::absent
                ? ""
                : "; its module stays loaded, without effect, until reboot"
        );
    case Change::already:
        return fmt::format("{}: already {}\n", name, state);
    case Change::started:
        return fmt::format("{}: {}, not waited for\n", name, state);
    case Change::held:
        return fmt::format("{}: held\n", name);
    case Change::unheld:
        return fmt::format("{}: not held any more\n", name);
    case Change::would_apply:
        return fmt::format("{}: would be applied\n", name);
    case Change::would_revert:
        return fmt::format("{}: would be reverted\n", name);
    case Change::failed:
    case Change::still_going_on:
        break;
    }
    return fmt::format("{}: {}\n", name, state);
}

void Results::add(PatchResult result) {
    if (!json_)
        context_.out << result_text(result) << std::flush;
    results_.push_back(std::move(result));
}

void Results::add_failure(PatchResult result, Failure failure) {
    results_.push_back(std::move(result));
    add_failure(std::move(failure));
}

void Results::add_failure(Failure failure) {
    if (!json_)
        context_.err << failure_text(failure) << std::flush;
    if (!failure_)
        failure_ = std::move(failure);
}

Outcome<int> Results::finish() {
    auto patches = results_json(results_);
    if (!failure_) {
        if (json_)
            context_.print({{"schema", report::schema_version}, {"patches", std::move(patches)}});
        return exit_status::done;
    }
    if (!json_)
        return failure_->exit; // it has been printed
    failure_->details["patches"] = std::move(patches);
    return *failure_;
}

} // namespace livepatch::lpctl
