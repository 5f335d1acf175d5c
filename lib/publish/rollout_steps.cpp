#include "publish/rollout_steps.hpp"

#include "base/quantity.hpp"
#include "base/text.hpp"
#include "publish/names.hpp"

#include <charconv>
#include <optional>

namespace livepatch::publish {

namespace {

using nlohmann::json;

struct Step {
    std::int64_t after = 0;
    int percent = 0;
};

std::optional<Step> parse_step(std::string_view text) {
    auto const colon = text.find(':');
    if (colon == std::string_view::npos)
        return std::nullopt;
    auto const after = base::parse_duration(text.substr(0, colon));
    auto const number = text.substr(colon + 1);
    Step step;
    auto const* end = number.data() + number.size();
    auto const [stop, failed] = std::from_chars(number.data(), end, step.percent);
    if (!after || failed != std::errc() || stop != end || step.percent < 0 || step.percent > 100)
        return std::nullopt;
    step.after = after->count();
    return step;
}

// Steps come later and reach more hosts, each.
std::optional<json> parse_steps(std::string_view text) {
    auto steps = json::array();
    std::optional<Step> last;
    for (auto const part : base::split(text, ',')) {
        auto const step = parse_step(part);
        if (!step || (last && (step->after <= last->after || step->percent < last->percent)))
            return std::nullopt;
        steps.push_back({{"after", step->after}, {"percent", step->percent}});
        last = step;
    }
    return steps;
}

} // namespace

base::Result<json> parse_rings(std::vector<std::string> const& texts) {
    auto rings = json::object();
    for (auto const& text : texts) {
        auto const equals = text.find('=');
        auto const ring = text.substr(0, equals);
        auto steps = equals == std::string::npos || !is_patch_id(ring)
                         ? std::nullopt
                         : parse_steps(std::string_view(text).substr(equals + 1));
        if (!steps)
            return base::Error{
                .code = base::Errc::invalid_argument,
                .subject = text,
                .cause = "no steps of a rollout",
                .remedy = "write RING=DURATION:PERCENT,..., each step later and not smaller than "
                          "the one before: default=0h:1,6h:10,24h:100"};
        rings[ring] = *std::move(steps);
    }
    return {boost::system::in_place_value, std::move(rings)};
}

bool settle_steps(json& rollout, Time now) {
    bool changed = false;
    if (!rollout.is_object() || !rollout.contains("rings"))
        return false;
    for (auto& [name, steps] : rollout["rings"].items())
        for (auto& step : steps) {
            if (!step.contains("after"))
                continue;
            step["at"] = time_text(now + std::chrono::seconds(step["after"].get<std::int64_t>()));
            step.erase("after");
            changed = true;
        }
    return changed;
}

} // namespace livepatch::publish
