#include "preflight/check.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace livepatch::preflight {

std::string_view name(Outcome outcome) {
    static constexpr std::array<std::string_view, 5> names{
        "passed", "failed", "warning", "unknown", "not-applicable"};
    return names[static_cast<std::size_t>(outcome)];
}

Check const* decisive(Checks const& checks) {
    auto const found = std::find_if(checks.begin(), checks.end(), [](auto const& check) {
        return check.outcome == Outcome::failed;
    });
    return found == checks.end() ? nullptr : &*found;
}

Check passed(std::string name, std::string reason) {
    return {.name = std::move(name), .outcome = Outcome::passed, .reason = std::move(reason)};
}

Check warning(std::string name, std::string reason, std::string remedy) {
    return {
        .name = std::move(name),
        .outcome = Outcome::warning,
        .reason = std::move(reason),
        .remedy = std::move(remedy)};
}

Check not_applicable(std::string name, std::string reason) {
    return {
        .name = std::move(name), .outcome = Outcome::not_applicable, .reason = std::move(reason)};
}

Check unknown(std::string name, base::Error const& why) {
    return unknown(std::move(name), describe(why));
}

Check unknown(std::string name, std::string reason) {
    return {.name = std::move(name), .outcome = Outcome::unknown, .reason = std::move(reason)};
}

Check failed(std::string name, base::Error error) {
    return {
        .name = std::move(name),
        .outcome = Outcome::failed,
        .reason = error.cause,
        .remedy = error.remedy,
        .error = std::move(error)};
}

} // namespace livepatch::preflight
