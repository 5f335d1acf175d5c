// Why a verb did not do what it was asked for, and the exit status that says so (DESIGN §9).
#pragma once

#include "base/error.hpp"
#include "base/result.hpp"

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace livepatch::cli {

using Json = nlohmann::ordered_json;

namespace exit_status {
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;
} // namespace exit_status

struct Failure {
    base::Error error;
    int exit = exit_status::failed;
    std::string name;              // of the JSON object: the D-Bus name without its prefix
    Json details = Json::object(); // of the JSON object

    Failure() = default;
    Failure(base::Error what); // NOLINT(google-explicit-constructor)
    Failure(base::Error what, int exit, std::string_view name);
};

// Called by Outcome::value() on a failure: a bug of the caller.
[[noreturn]] void throw_exception_from_error(Failure const&, boost::source_location const&);

template <class T>
class [[nodiscard]] Outcome : public boost::system::result<T, Failure> {
public:
    using boost::system::result<T, Failure>::result;
};

Failure usage_error(std::string cause, std::string remedy);

// "PROGRAM: THING: CAUSE; REMEDY" and the kernel's own lines, safe for a terminal.
std::string failure_text(std::string_view program, Failure const& failure);
Json failure_json(Failure const& failure);

} // namespace livepatch::cli
