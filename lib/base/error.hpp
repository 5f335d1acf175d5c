// Errors as values: what it was about, what went wrong, and what to do about it.
#pragma once

#include <boost/assert/source_location.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace livepatch::base {

// The kinds of failure a caller can tell apart. Each has one name on D-Bus and one exit status of
// lpctl: the table is in report/error_name.hpp.
enum class Errc {
    failed,              // anything that has no kind of its own: a file that cannot be read, say
    invalid_argument,    // the caller asked for something that makes no sense
    not_found,           // no such patch, file or module
    held,                // an admin's hold stands against it
    paused,              // applying is switched off
    not_authorized,      // polkit said no
    verification_failed, // signature, hash or module file refused
    wrong_kernel,        // made for another kernel
    conflict,            // would undo what somebody else loaded, or another source's patch
    expired,             // metadata too old to be believed
    rolled_back,         // a repository that is older than it was before
    incomplete,          // a repository without a file that its signed metadata names
    unreachable,         // a repository that is not there
    quarantined,         // did harm before
    withdrawn,           // its publisher took it back
    stalled,             // the transition does not end
    unsupported,         // this kernel has no livepatching, or not this operation
    load_failed,         // the kernel refused the module
    busy,                // queue full, or the kernel is occupied
    limits_exceeded,     // the caller asks too much
};

struct Error {
    Errc code = Errc::failed;
    std::string subject; // the file, patch or object it is about; may hold untrusted bytes
    std::string cause;   // what went wrong, no full stop
    std::string remedy;  // what to do next; empty where nothing helps
    int os_error = 0;    // errno, 0 when no system call failed
    std::vector<std::string> kernel_log = {}; // the kernel's own lines of that call, oldest first
};

// "SUBJECT: CAUSE; REMEDY" with control characters escaped: one line, safe for terminal and log.
std::string describe(Error const& error);

// The error of a system call: cause "WHAT: <strerror>".
Error system_error(std::string subject, std::string_view what, int os_error);

// Called by Result::value() on an error: a bug of the caller, so an exception (std::logic_error).
[[noreturn]] void throw_exception_from_error(Error const& error, boost::source_location const&);

} // namespace livepatch::base
