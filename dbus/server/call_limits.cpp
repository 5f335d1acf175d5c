#include "dbus_server/call_limits.hpp"

#include <utility>

namespace livepatch::dbus_server {

namespace {

constexpr uid_t root = 0;

base::Error too_many(std::string const& sender) {
    return {
        .code = base::Errc::limits_exceeded,
        .subject = sender,
        .cause = "too many calls are waiting for an answer",
        .remedy = "wait for them"};
}

template <class Key>
std::size_t count_of(std::map<Key, std::size_t> const& counts, Key const& key) {
    auto const found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

template <class Key>
void drop(std::map<Key, std::size_t>& counts, Key const& key) {
    if (auto const found = counts.find(key); --found->second == 0)
        counts.erase(found);
}

} // namespace

CallLimits::Call::Call(std::shared_ptr<Count> count, std::string sender)
    : count_(std::move(count)),
      sender_(std::move(sender)) {
    ++count_->by_sender[sender_];
}

CallLimits::Call::~Call() {
    drop(count_->by_sender, sender_);
    if (!user_)
        return;
    drop(count_->by_user, *user_);
    if (*user_ != root)
        --count_->all;
}

void CallLimits::Call::belongs_to(uid_t user) {
    user_ = user;
    ++count_->by_user[user];
    if (user != root)
        ++count_->all;
}

base::Result<CallLimits::Ticket> CallLimits::admit(std::string const& sender) {
    if (count_of(count_->by_sender, sender) >= per_sender)
        return too_many(sender);
    return std::make_shared<Call>(count_, sender);
}

base::Result<void> CallLimits::admit(Ticket const& ticket, uid_t user) {
    auto const own = count_of(count_->by_user, user);
    bool const room =
        user == root ? own < in_all : count_->all < in_all || (own == 0 && count_->all < at_most);
    if (!room)
        return too_many(ticket->sender());
    ticket->belongs_to(user);
    return {};
}

} // namespace livepatch::dbus_server
