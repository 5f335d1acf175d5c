// The error of everything that is not as the repository's owner signed it.
#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace livepatch::trust::tuf {

inline base::Error refusal(std::string_view subject, std::string cause, std::string remedy = {}) {
    return {
        .code = base::Errc::verification_failed,
        .subject = std::string(subject),
        .cause = std::move(cause),
        .remedy = std::move(remedy)};
}

} // namespace livepatch::trust::tuf
