// Why a call got no answer, which matters as much as what went wrong.
#pragma once

#include "base/error.hpp"

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace livepatch::dbus_client {

struct CallError {
    enum class Kind {
        refused,     // the daemon answered with an error; error.code says which
        unreachable, // no bus, no daemon, or the daemon went away before it answered
        timed_out,   // the daemon has the call and did not answer in time; it may still act
        interrupted, // the caller's tick said so
    };

    Kind kind = Kind::refused;
    base::Error error;
};

// Called by Reply::value() on an error: a bug of the caller.
[[noreturn]] void throw_exception_from_error(CallError const& error, boost::source_location const&);

template <class T>
class [[nodiscard]] Reply : public boost::system::result<T, CallError> {
public:
    using boost::system::result<T, CallError>::result;
};

CallError unreachable(std::string cause, std::string remedy);

// What a D-Bus error reply means. The bus daemon's own errors tell that nobody is there to answer.
CallError from_bus_error(std::string_view name, std::string_view message);

} // namespace livepatch::dbus_client
