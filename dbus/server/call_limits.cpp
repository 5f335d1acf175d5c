#include "dbus_server/call_limits.hpp"

namespace livepatch::dbus_server {

base::Result<CallLimits::Ticket> CallLimits::admit(std::string const& sender) {
    auto const found = count_->by_sender.find(sender);
    bool const too_many = found != count_->by_sender.end() && found->second >= per_sender;
    if (too_many || count_->all >= in_all) {
        return base::Error{
            .code = base::Errc::limits_exceeded,
            .subject = sender,
            .cause = "too many calls are waiting for an answer",
            .remedy = "wait for them"};
    }
    ++count_->by_sender[sender];
    ++count_->all;
    // The ticket may outlive us with a reply that is still to come.
    return Ticket(nullptr, [count = count_, sender](void*) {
        --count->all;
        if (auto const entry = count->by_sender.find(sender); --entry->second == 0)
            count->by_sender.erase(entry);
    });
}

} // namespace livepatch::dbus_server
