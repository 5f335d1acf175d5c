#include "base/error.hpp"

#include "base/text.hpp"

#include <stdexcept>
#include <system_error>
#include <utility>

namespace livepatch::base {

std::string describe(Error const& error) {
    std::string text = error.subject.empty() ? error.cause : error.subject + ": " + error.cause;
    if (!error.remedy.empty())
        text += "; " + error.remedy;
    return escaped(text);
}

Error system_error(std::string subject, std::string_view what, int os_error) {
    auto const reason = std::generic_category().message(os_error);
    return {
        .code = Errc::failed,
        .subject = std::move(subject),
        .cause = std::string(what) + ": " + reason,
        .remedy = {},
        .os_error = os_error,
    };
}

void throw_exception_from_error(Error const& error, boost::source_location const&) {
    throw std::logic_error("result taken without a look at its error: " + describe(error));
}

} // namespace livepatch::base
