// Failures of lpctl: those of all programs, and what the daemon did not answer.
#pragma once

#include "cli/failure.hpp"
#include "dbus_client/call_error.hpp"

namespace livepatch::lpctl {

using cli::Json;

namespace exit_status {
using namespace cli::exit_status;
inline constexpr int no_such_patch = 3;
inline constexpr int waiting_ended = 7;
inline constexpr int no_daemon = 8;
inline constexpr int unsupported = 9;
inline constexpr int patch_waits = 10;
inline constexpr int in_transition = 11;
} // namespace exit_status

struct Failure : cli::Failure {
    using cli::Failure::Failure;
    Failure(cli::Failure what);           // NOLINT(google-explicit-constructor)
    Failure(dbus_client::CallError what); // NOLINT(google-explicit-constructor)
};

template <class T>
class [[nodiscard]] Outcome : public boost::system::result<T, Failure> {
public:
    using boost::system::result<T, Failure>::result;
};

using cli::failure_json;
using cli::usage_error;

std::string failure_text(Failure const& failure);

} // namespace livepatch::lpctl
