#include "dbus_server/call_limits.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace livepatch;
using dbus_server::CallLimits;

namespace {

constexpr uid_t root = 0;
constexpr uid_t user = 1000;

struct Bench {
    CallLimits limits;
    std::vector<CallLimits::Ticket> tickets; // that wait

    // A call of a connection of its own, as many have.
    bool call(uid_t who) { return call(who, ":1." + std::to_string(++connections_)); }

    bool call(uid_t who, std::string const& sender) {
        auto ticket = limits.admit(sender);
        if (!ticket)
            return false;
        if (auto const admitted = limits.admit(*ticket, who); !admitted) {
            CHECK(admitted.error().code == base::Errc::limits_exceeded);
            return false;
        }
        tickets.push_back(*ticket);
        return true;
    }

    std::size_t calls(uid_t who, std::size_t count) {
        std::size_t admitted = 0;
        for (std::size_t i = 0; i < count; ++i)
            admitted += call(who) ? 1 : 0;
        return admitted;
    }

private:
    int connections_ = 0;
};

} // namespace

TEST_CASE("a sender has four calls at a time, whoever he is") {
    auto const who = GENERATE(root, user);
    Bench bench;
    for (std::size_t i = 0; i < CallLimits::per_sender; ++i)
        CHECK(bench.call(who, ":1.1"));
    CHECK_FALSE(bench.call(who, ":1.1"));
    CHECK(bench.call(who, ":1.2"));
    bench.tickets.erase(bench.tickets.begin());
    CHECK(bench.call(who, ":1.1"));
}

TEST_CASE("all together have sixty-four") {
    Bench bench;
    CHECK(bench.calls(user, 100) == CallLimits::in_all);
    bench.tickets.pop_back();
    CHECK(bench.calls(user, 2) == 1);
}

TEST_CASE("root is not kept out by others, nor others by root") {
    Bench bench;
    CHECK(bench.calls(user, 100) == CallLimits::in_all);
    CHECK(bench.calls(root, 100) == CallLimits::in_all);
    bench.tickets.clear();
    CHECK(bench.calls(root, 100) == CallLimits::in_all);
    CHECK(bench.calls(user, 100) == CallLimits::in_all);
}

TEST_CASE("a user who has no call waiting has room for one, up to a bound") {
    Bench bench;
    bench.calls(user, 100);
    CHECK(bench.calls(user + 1, 2) == 1);
    std::size_t admitted = 1;
    for (uid_t other = user + 2; other < user + 1000; ++other)
        admitted += bench.call(other) ? 1 : 0;
    CHECK(admitted == CallLimits::at_most - CallLimits::in_all);
    CHECK(bench.call(root));
}

TEST_CASE(
    "a call counts for its sender before it is known whose it is, and never longer than it lasts"
) {
    Bench bench;
    std::vector<CallLimits::Ticket> asked;
    for (std::size_t i = 0; i < CallLimits::per_sender; ++i)
        asked.push_back(bench.limits.admit(":1.1").value());
    CHECK(bench.limits.admit(":1.1").has_error());
    asked.clear();
    CHECK(bench.limits.admit(":1.1").has_value());
    CHECK(bench.calls(user, 100) == CallLimits::in_all);
}

TEST_CASE("a ticket may outlive the limits") {
    CallLimits::Ticket ticket;
    {
        CallLimits limits;
        ticket = limits.admit(":1.1").value();
        REQUIRE(limits.admit(ticket, user));
    }
    ticket.reset();
}
