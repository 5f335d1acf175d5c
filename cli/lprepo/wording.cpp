#include "lprepo/wording.hpp"

#include <array>

namespace livepatch::lprepo {

namespace {

constexpr std::array<char const*, 5> roles{"root", "targets", "brake", "snapshot", "timestamp"};

} // namespace

std::string moment(publish::Time time) {
    auto text = publish::time_text(time);
    text[10] = ' ';
    return text.substr(0, 16) + " UTC";
}

std::string count(std::size_t number, std::string const& noun) {
    if (number == 1)
        return "1 " + noun;
    return std::to_string(number) + ' ' + noun +
           (noun.ends_with("ch") || noun.ends_with("s") ? "es" : "s");
}

Json versions_json(publish::Publication const& publication) {
    auto object = Json::object();
    for (auto const* role : roles) {
        auto const& document = publication.document(role);
        object[role] = {
            {"version", document.version()}, {"expires", publish::time_text(document.expires())}};
    }
    return object;
}

std::string versions_text(publish::Publication const& publication) {
    std::string text;
    for (auto const* role : roles)
        if (publication.is_new(role))
            text += (text.empty() ? "" : ", ") + std::string(role) + ' ' +
                    std::to_string(publication.document(role).version());
    return text;
}

} // namespace livepatch::lprepo
