#include "publish/settings.hpp"

#include "base/strict_json.hpp"
#include "trust/tuf/fields.hpp"
#include "trust/tuf/refusal.hpp"

#include <array>
#include <optional>
#include <utility>

namespace livepatch::publish {

namespace {

constexpr std::array<std::pair<char const*, std::chrono::seconds Settings::*>, 4> lifetimes{
    {{"root", &Settings::root},
     {"targets", &Settings::targets},
     {"snapshot", &Settings::snapshot},
     {"timestamp", &Settings::timestamp}}};

} // namespace

std::chrono::seconds Settings::lifetime(std::string const& role) const {
    for (auto const& [name, member] : lifetimes)
        if (role == name)
            return this->*member;
    return snapshot; // brake: the online key signs it anew as often
}

std::string Settings::to_json() const {
    nlohmann::ordered_json object{{"schema", 1}, {"keys", keys.string()}};
    for (auto const& [name, member] : lifetimes)
        object["lifetimes"][name] = (this->*member).count();
    return object.dump(2) + '\n';
}

base::Result<Settings> Settings::from_json(std::string_view text, std::string_view subject) {
    auto const object = base::parse_strict_json(text, subject);
    if (!object)
        return object.error();
    std::optional<std::string> wrong;
    trust::tuf::Fields const fields(*object, "the file", wrong);
    auto const given = fields.object("lifetimes");
    Settings settings;
    settings.keys = fields.text("keys", 4096);
    for (auto const& [name, member] : lifetimes)
        settings.*member = std::chrono::seconds(given.number(name, 1));
    if (wrong)
        return trust::tuf::refusal(subject, std::move(*wrong), "mend it");
    return settings;
}

} // namespace livepatch::publish
