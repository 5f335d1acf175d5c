// Who may do what.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

namespace livepatch::dbus_server {

// The polkit actions of packaging: dbus/policy/org.livepatchd1.policy.
namespace action {
inline constexpr auto apply = "org.livepatchd1.apply";
inline constexpr auto revert = "org.livepatchd1.revert";
inline constexpr auto configure = "org.livepatchd1.configure";
inline constexpr auto inspect = "org.livepatchd1.inspect";
} // namespace action

struct Permission {
    bool allowed = false;
    std::optional<uid_t> uid = {}; // of the caller; nothing when he is gone
    std::string obstacle = {};     // why nobody could be asked; "" = it was asked
};

// There are two: polkit, and the one of the tests.
class Authoriser {
public:
    using Verdict = std::function<void(Permission const&)>;

    virtual ~Authoriser() = default;

    // Asks whether the owner of the unique bus name `sender` may do `action`; `interactive`: he may
    // be asked for a password, which can take minutes. `verdict` is called once, from the loop,
    // perhaps before this returns; it must not throw.
    virtual void check(
        std::string const& sender, std::string const& action, bool interactive, Verdict verdict
    ) = 0;
};

} // namespace livepatch::dbus_server
