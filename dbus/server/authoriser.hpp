// Who may do what.
#pragma once

#include "base/result.hpp"

#include <sys/types.h>

#include <functional>
#include <string>

namespace livepatch::dbus_server {

// The polkit actions of packaging: dbus/policy/org.livepatchd1.policy.
namespace action {
inline constexpr auto apply = "org.livepatchd1.apply";
inline constexpr auto revert = "org.livepatchd1.revert";
inline constexpr auto configure = "org.livepatchd1.configure";
inline constexpr auto inspect = "org.livepatchd1.inspect";
} // namespace action

struct Caller {
    std::string sender; // his unique bus name
    uid_t user = 0;
    pid_t process = 0; // 0 = not known
};

struct Permission {
    bool allowed = false;
    uid_t user = 0;            // the caller's
    std::string obstacle = {}; // why nobody could be asked; "" = it was asked
};

// There are two: polkit, and the one of the tests.
class Authoriser {
public:
    using Verdict = std::function<void(Permission const&)>;

    using Identified = std::function<void(base::Result<Caller> const&)>;

    virtual ~Authoriser() = default;

    // Whose the unique bus name `sender` is; an error when he is gone. Takes no longer than the
    // bus. `identified` is called once, from the loop; it must not throw.
    virtual void identify(std::string const& sender, Identified identified) = 0;

    // Asks whether the caller may do `action`; `interactive`: he may be asked for a password, which
    // can take minutes. `verdict` is called once, from the loop, perhaps before this returns; it
    // must not throw.
    virtual void
    check(Caller const& caller, std::string const& action, bool interactive, Verdict verdict) = 0;
};

} // namespace livepatch::dbus_server
