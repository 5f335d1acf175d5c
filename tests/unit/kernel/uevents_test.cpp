#include "kernel/uevents.hpp"
#include "support/catch.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <poll.h>
#include <string>
#include <string_view>

using namespace livepatch;
using namespace std::string_literals;
using kernel::parse_uevent;
using Action = kernel::ModuleEvent::Action;

namespace {

std::string const added =
    "add@/module/lp\0ACTION=add\0DEVPATH=/module/lp\0SUBSYSTEM=module\0SEQNUM=42\0"s;

} // namespace

TEST_CASE("module events are parsed") {
    auto const event = parse_uevent(added);
    REQUIRE(event.has_value());
    CHECK(event->action == Action::added);
    CHECK(event->module == "lp");

    auto const gone =
        parse_uevent("remove@/module/a_b\0SUBSYSTEM=module\0DEVPATH=/module/a_b\0ACTION=remove\0"s);
    REQUIRE(gone.has_value());
    CHECK(gone->action == Action::removed);
    CHECK(gone->module == "a_b");
}

TEST_CASE("other events and malformed ones are nothing") {
    for (auto const& datagram : {
             ""s,
             "\0"s,
             "add@/module/lp"s,
             "add@/module/lp\0"s,
             "add@/module/\0ACTION=add\0DEVPATH=/module/\0SUBSYSTEM=module\0"s,
             "add@/module/lp/x\0ACTION=add\0DEVPATH=/module/lp/x\0SUBSYSTEM=module\0"s,
             "add@/devices/lp\0ACTION=add\0DEVPATH=/devices/lp\0SUBSYSTEM=module\0"s,
             "change@/module/lp\0ACTION=change\0DEVPATH=/module/lp\0SUBSYSTEM=module\0"s,
             "add/module/lp\0ACTION=add\0DEVPATH=/module/lp\0SUBSYSTEM=module\0"s,
             "@/module/lp\0ACTION=\0DEVPATH=/module/lp\0SUBSYSTEM=module\0"s,
             "add@/module/lp\0ACTION=add\0DEVPATH=/module/lp\0SUBSYSTEM=drivers\0"s,
             "add@/module/lp\0ACTION=remove\0DEVPATH=/module/lp\0SUBSYSTEM=module\0"s,
             "add@/module/lp\0ACTION=add\0DEVPATH=/module/other\0SUBSYSTEM=module\0"s,
             "add@/module/lp\0ACTION=add\0DEVPATH=/module/lp\0XSUBSYSTEM=module\0"s,
             "add@/module/lp\0ACTION=add\0DEVPATH=/module/lp\0SUBSYSTEM=module"s,
             "libudev\0\xfe\xed\xca\xfe"s,
         }) {
        CAPTURE(datagram);
        CHECK_FALSE(parse_uevent(datagram).has_value());
    }
    for (std::size_t size = 0; size < added.size(); ++size)
        if (auto const event = parse_uevent(added.substr(0, size)))
            CHECK(event->module == "lp"); // only what stands behind it was cut off
}

TEST_CASE("an open socket is quiet and does not block") {
    auto events = kernel::Uevents::open().value();
    CHECK(events.fd() >= 0);
    auto const batch = events.read_new().value();
    CHECK(batch.events.empty());
    CHECK_FALSE(batch.lost);
}

namespace {

// Another process that sends to the socket of `events`; false where the kernel forbids it, as it
// does to all but administrators of the network.
bool forge(kernel::Uevents const& events, std::string_view datagram) {
    sockaddr_nl address{};
    socklen_t size = sizeof address;
    auto* const name = reinterpret_cast<sockaddr*>(&address); // NOLINT
    REQUIRE(::getsockname(events.fd(), name, &size) == 0);
    address.nl_groups = 0;
    base::UniqueFd const forger(::socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT));
    REQUIRE(forger);
    auto const sent =
        ::sendto(forger.get(), datagram.data(), datagram.size(), 0, name, sizeof address);
    if (sent < 0)
        REQUIRE(errno == EPERM);
    return sent >= 0;
}

bool is_readable(kernel::Uevents const& events) {
    pollfd waiting{.fd = events.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, 0) == 1;
}

} // namespace

TEST_CASE("a datagram of another process is not believed") {
    auto events = kernel::Uevents::open().value();
    bool const sent = forge(events, added);
    CHECK(is_readable(events) == sent);
    CHECK(events.read_new().value().events.empty());
    CHECK_FALSE(is_readable(events));
}

// As the kernel sends them: to all who listen, and without waiting for any of them.
TEST_CASE("a buffer that overran is told once, and what comes after it is read") {
    auto events = kernel::Uevents::open().value();
    constexpr int more_than_it_holds = 20'000; // 1 MiB at most, of 768 bytes or more each
    base::UniqueFd const sender(::socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT));
    sockaddr_nl everybody{};
    everybody.nl_family = AF_NETLINK;
    everybody.nl_groups = 1;
    auto const* const address = reinterpret_cast<sockaddr const*>(&everybody); // NOLINT
    for (int i = 0; i < more_than_it_holds; ++i)
        REQUIRE(
            ::sendto(
                sender.get(), added.data(), added.size(), MSG_DONTWAIT, address, sizeof everybody
            ) == static_cast<ssize_t>(added.size())
        ); // for administrators of the network only
    int lost = 0;
    while (is_readable(events)) {
        auto const batch = events.read_new().value();
        lost += batch.lost ? 1 : 0;
        CHECK(batch.events.empty()); // no kernel sent them
    }
    CHECK(lost == 1);
    CHECK_FALSE(events.read_new().value().lost);
    CHECK(forge(events, added));
    CHECK(is_readable(events));
}

TEST_CASE("only events of modules wake us") {
    auto events = kernel::Uevents::open().value();
    for (std::string const header :
         {"add@/module/lp",
          "remove@/module/lp",
          "add@/module/l",
          "add@/devices/x",
          "change@/module/lp",
          "add@/mod",
          "add@/",
          "remove@/devices/pci",
          "remove@/m",
          "bind@/module/lp",
          "x"}) {
        CAPTURE(header);
        bool const sent = forge(events, header + '\0');
        bool const ours =
            header.starts_with("add@/module/") || header.starts_with("remove@/module/");
        CHECK(is_readable(events) == (sent && ours));
        CHECK(events.read_new().value().events.empty());
    }
}
