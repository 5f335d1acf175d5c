#include "base/strict_sax.hpp"

#include <utility>

namespace livepatch::base {

bool StrictSax::refuse(std::string cause) {
    cause_ = std::move(cause);
    return false;
}

bool StrictSax::number_float(double /*value*/, std::string const& text) {
    return refuse("a number that is no whole number of 64 bits: " + text.substr(0, 40));
}

bool StrictSax::binary(nlohmann::json::binary_t& /*value*/) {
    return refuse("binary data");
}

bool StrictSax::parse_error(
    std::size_t position, std::string const& /*token*/, nlohmann::json::exception const& /*error*/
) {
    return refuse("no JSON from byte " + std::to_string(position) + " on");
}

Result<void> sax_parse_strictly(
    std::string_view text, std::string_view subject, std::size_t limit, StrictSax& handler
) {
    auto const refused = [&](std::string cause) {
        return Error{
            .code = Errc::verification_failed,
            .subject = std::string(subject),
            .cause = std::move(cause),
            .remedy = {}};
    };
    if (text.size() > limit)
        return refused("longer than " + std::to_string(limit) + " bytes");
    // The library would pass over it.
    if (text.starts_with("\xef\xbb\xbf"))
        return refused("begins with a byte order mark");
    // To the library, a NUL is the end.
    if (auto const end = text.find('\0'); end != std::string_view::npos)
        return refused("no JSON from byte " + std::to_string(end + 1) + " on");
    if (!nlohmann::json::sax_parse(text, &handler))
        return refused(handler.cause());
    return {};
}

} // namespace livepatch::base
