// The error of a module file that is not as it must be.
#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace livepatch::module {

// Parsers deep inside do not know the file's name; the public functions put it into `subject`.
inline base::Error
refusal(std::string cause, std::string_view subject = {}, std::string remedy = {}) {
    return {
        .code = base::Errc::verification_failed,
        .subject = std::string(subject),
        .cause = std::move(cause),
        .remedy = std::move(remedy),
    };
}

} // namespace livepatch::module
