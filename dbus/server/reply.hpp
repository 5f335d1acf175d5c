// The answer to one method call, given once, at whatever time.
#pragma once

#include "base/error.hpp"
#include "dbus_server/bus_pump.hpp"
#include "dbus_server/call_limits.hpp"
#include "dbus_server/wire.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <exception>
#include <memory>
#include <utility>

namespace livepatch::dbus_server {

// Copies share the answer; a call that nobody answers is answered with an error when the last copy
// goes, which happens when the daemon stops. The last copy may outlive the pump, but not the
// connection.
template <class... Values>
class Reply {
public:
    Reply(sdbus::Result<Values...> result, BusPump& pump, CallLimits::Ticket ticket)
        : pending_(std::make_shared<Pending>(std::move(result), pump, std::move(ticket))) {}

    void give(Values const&... values) const {
        pending_->once([&](auto const& result) { result.returnResults(values...); });
    }

    void refuse(base::Error const& error) const {
        pending_->once([&](auto const& result) { result.returnError(to_wire(error)); });
    }

    // Runs `body`; an exception becomes the answer. sdbus-c++ 1.2 catches only its own: any other
    // would leave through libsystemd's frames and end the daemon.
    template <class Body>
    void guard(Body body) const noexcept {
        try {
            body();
        } catch (std::exception const& error) {
            refuse({.code = base::Errc::failed, .subject = {}, .cause = error.what(), .remedy = {}}
            );
        } catch (...) {
            refuse(
                {.code = base::Errc::failed,
                 .subject = {},
                 .cause = "unknown exception",
                 .remedy = {}}
            );
        }
    }

private:
    class Pending {
    public:
        Pending(sdbus::Result<Values...> result, BusPump& pump, CallLimits::Ticket ticket)
            : result_(std::move(result)),
              pump_(pump.handle()),
              ticket_(std::move(ticket)) {}

        Pending(Pending const&) = delete;
        Pending& operator=(Pending const&) = delete;

        ~Pending() {
            once([](auto const& result) {
                result.returnError(to_wire(base::Error{
                    .code = base::Errc::failed,
                    .subject = {},
                    .cause = "not done, or not followed to its end: livepatchd is stopping",
                    .remedy = {}}));
            });
        }

        // A caller that is gone cannot be answered; that is no error of ours.
        template <class Send>
        void once(Send send) noexcept {
            if (std::exchange(answered_, true))
                return;
            ticket_.reset();
            auto const pump = pump_.lock();
            if (!pump)
                return;
            try {
                send(result_);
            } catch (std::exception const&) { // NOLINT(bugprone-empty-catch): see above
            }
            (*pump)->wake();
        }

    private:
        sdbus::Result<Values...> result_;
        BusPump::Handle pump_;
        CallLimits::Ticket ticket_;
        bool answered_ = false;
    };

    std::shared_ptr<Pending> pending_;
};

} // namespace livepatch::dbus_server
