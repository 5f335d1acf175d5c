// How much callers may ask of us at once.
#pragma once

#include "base/result.hpp"

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace livepatch::dbus_server {

// A call counts for its sender at once, and among all as soon as it is known whose it is. However
// many calls the users of this host have waiting, an administrator gets through: root's are counted
// by themselves. And among the others nobody is shut out by what a single one does: whoever has no
// call waiting has room for one.
class CallLimits {
public:
    static constexpr std::size_t per_sender = 4;
    static constexpr std::size_t in_all = 64;
    static constexpr std::size_t at_most = 2 * in_all; // with those who have one each

    // A call that is being answered: counts until the last copy is gone, which may be after us.
    class Call;
    using Ticket = std::shared_ptr<Call>;

    // limits_exceeded when the sender has too many calls under way.
    base::Result<Ticket> admit(std::string const& sender);

    // The same when all together have too many, once for each ticket.
    base::Result<void> admit(Ticket const& ticket, uid_t user);

private:
    struct Count {
        std::map<std::string, std::size_t> by_sender;
        std::map<uid_t, std::size_t> by_user;
        std::size_t all = 0; // but root's
    };

    std::shared_ptr<Count> count_ = std::make_shared<Count>();
};

class CallLimits::Call {
public:
    Call(std::shared_ptr<Count> count, std::string sender);
    Call(Call const&) = delete;
    Call& operator=(Call const&) = delete;
    ~Call();

    void belongs_to(uid_t user);

    std::string const& sender() const { return sender_; }

private:
    std::shared_ptr<Count> count_;
    std::string sender_;
    std::optional<uid_t> user_;
};

} // namespace livepatch::dbus_server
