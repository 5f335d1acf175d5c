#include "lpctl/failure.hpp"

#include <utility>

namespace livepatch::lpctl {

namespace {

using Kind = dbus_client::CallError::Kind;

} // namespace

Failure::Failure(cli::Failure what) : cli::Failure(std::move(what)) {}

Failure::Failure(dbus_client::CallError what) : cli::Failure(std::move(what.error)) {
    if (what.kind == Kind::unreachable) {
        exit = exit_status::no_daemon;
        name = "DaemonNotReachable";
    } else if (what.kind == Kind::timed_out) {
        exit = exit_status::waiting_ended;
        name = "Stalled";
    }
    if (what.kind == Kind::timed_out)
        error.remedy = "what was asked for may still happen: see 'lpctl status'";
    else if (what.kind == Kind::unreachable && error.remedy.empty())
        error.remedy = "see 'systemctl status livepatchd'";
}

std::string failure_text(Failure const& failure) {
    return cli::failure_text("lpctl", failure);
}

} // namespace livepatch::lpctl
