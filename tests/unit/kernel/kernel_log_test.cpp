#include "kernel/kernel_log.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

using namespace livepatch;
using kernel::parse_kernel_record;
using support::FakeKernelTree;

namespace {

// A socket that gives one record a read, as /dev/kmsg does.
struct Device {
    Device() : log(base::UniqueFd()) {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()) == 0);
        log = kernel::KernelLog(base::UniqueFd(ends[0]));
        writer.reset(ends[1]);
    }

    void put(std::string_view record) const {
        REQUIRE(
            ::write(writer.get(), record.data(), record.size()) ==
            static_cast<ssize_t>(record.size())
        );
    }

    kernel::KernelLog log;
    base::UniqueFd writer;
};

} // namespace

TEST_CASE("a record is parsed") {
    auto const line = parse_kernel_record("5,1234,98765432,-;livepatch: 'lp': patching complete\n");
    REQUIRE(line.has_value());
    CHECK(line->level == 5);
    CHECK(line->facility == 0);
    CHECK(line->sequence == 1234);
    CHECK(line->text == "livepatch: 'lp': patching complete");
}

TEST_CASE("level and facility are told apart") {
    auto const line = parse_kernel_record("30,1,2,-;systemd[1]: hello\n");
    REQUIRE(line.has_value());
    CHECK(line->level == 6);
    CHECK(line->facility == 3);
    CHECK(parse_kernel_record("2047,1,2,-;x\n")->facility == 255);
}

TEST_CASE("the structured part is left out") {
    auto const line =
        parse_kernel_record("6,9,1,-;usb 1-1: new device\n SUBSYSTEM=usb\n DEVICE=+usb:1-1\n");
    REQUIRE(line.has_value());
    CHECK(line->text == "usb 1-1: new device");
}

TEST_CASE("fields of later kernels before the semicolon are allowed") {
    auto const line = parse_kernel_record("6,9,1,-,caller=T42;a;b\n");
    REQUIRE(line.has_value());
    CHECK(line->text == "a;b");
    CHECK(parse_kernel_record("6,9,1,c;continued\n").has_value());
}

TEST_CASE("escapes stay as the kernel wrote them") {
    CHECK(parse_kernel_record("5,1,1,-;a\\x0ab\\x5c\n")->text == "a\\x0ab\\x5c");
    CHECK(parse_kernel_record("5,1,1,-;\n")->text.empty());
    CHECK(parse_kernel_record("5,1,1,-;no newline")->text == "no newline");
}

TEST_CASE("malformed records are nothing") {
    for (std::string_view const record : {
             "",
             "\n",
             ";",
             "5",
             "5,1,1,-",
             "5,1,1;text\n", // no flags
             "5,1,1,;text\n",
             ",1,1,-;text\n",
             "5,,1,-;text\n",
             "-5,1,1,-;text\n",
             "+5,1,1,-;text\n",
             " 5,1,1,-;text\n",
             "5 ,1,1,-;text\n",
             "0x5,1,1,-;text\n",
             "2048,1,1,-;text\n",
             "99999999999,1,1,-;text\n",
             "5,18446744073709551616,1,-;text\n",
             "5,1,18446744073709551616,-;text\n",
             "5;1,1,-;text\n",
             "5,1,1,\x01;text\n",
             "5,1,1,-;te\x1bxt\n",
             "5,1,1,-;te\xffxt\n",
             "5,1,1,-;text\nforged: second line\n",
             "5,1,1,-;text\n KEY=v\n5,2,2,-;another\n",
             "5,1,1,-;text\n KEY=\x07\n",
             "5,1,1,-;text\n\n",
             "livepatch: 'lp': patching complete",
         }) {
        CAPTURE(record);
        CHECK_FALSE(parse_kernel_record(record).has_value());
    }
    CHECK_FALSE(parse_kernel_record(std::string_view("5,1,1,-;a\0b\n", 12)).has_value());
    CHECK(parse_kernel_record("5,18446744073709551615,1,-;text\n").has_value());
}

TEST_CASE("only the kernel's own lines concern livepatches") {
    auto const concerns = [](std::string_view record) {
        return kernel::concerns_livepatch(parse_kernel_record(record).value());
    };
    CHECK(concerns("5,1,1,-;livepatch: enabling patch 'lp'\n"));
    CHECK(concerns("3,1,1,-;livepatch: x\n"));
    CHECK_FALSE(concerns("13,1,1,-;livepatch: enabling patch 'lp'\n")); // written by a process
    CHECK_FALSE(concerns("5,1,1,-;my livepatch: x\n"));
    CHECK_FALSE(concerns("5,1,1,-;livepatch x\n"));
    CHECK_FALSE(concerns("5,1,1,-; livepatch: x\n"));
}

TEST_CASE("read_new gives all there is and does not wait for more") {
    Device device;
    CHECK(device.log.read_new().value().lines.empty());
    device.put("5,1,1,-;one\n");
    device.put("5,2,1,-;two\n K=v\n");
    auto const batch = device.log.read_new().value();
    REQUIRE(batch.lines.size() == 2);
    CHECK(batch.lines[0].text == "one");
    CHECK(batch.lines[1].sequence == 2);
    CHECK_FALSE(batch.lost);
    CHECK(device.log.read_new().value().lines.empty());
}

TEST_CASE("hostile and malformed records do not hide the next one") {
    Device device;
    device.put("garbage");
    device.put(std::string(9000, ';'));
    device.put("5,1,1,-;\x1b[2J\n");
    device.put("5,3,1,-;fine\n");
    auto const batch = device.log.read_new().value();
    REQUIRE(batch.lines.size() == 1);
    CHECK(batch.lines[0].text == "fine");
}

TEST_CASE("a call reads at most a thousand records") {
    Device device;
    int put = 0;
    while (put < 1500 && ::write(device.writer.get(), "5,1,1,-;x\n", 10) == 10)
        ++put;
    std::size_t got = 0;
    for (int call = 0; call < 3; ++call) {
        auto const batch = device.log.read_new().value();
        CHECK(batch.lines.size() <= 1000);
        got += batch.lines.size();
    }
    CHECK(got == static_cast<std::size_t>(put));
}

TEST_CASE("a log that ends or cannot be read is an error") {
    Device device;
    device.writer.reset();
    CHECK(device.log.read_new().has_error());
    kernel::KernelLog closed{base::UniqueFd()};
    auto const batch = closed.read_new();
    REQUIRE(batch.has_error());
    CHECK(batch.error().os_error == EBADF);
}

TEST_CASE("a device that skips every record does not hold us") {
    // Reading this gives EINVAL, as a record too long for the buffer does.
    kernel::KernelLog log{base::UniqueFd(::epoll_create1(EPOLL_CLOEXEC))};
    CHECK(log.read_new().value().lines.empty());
}

TEST_CASE("the log is opened at its end and follows") {
    FakeKernelTree tree;
    auto log = kernel::KernelLog::open(tree.root()).value();
    CHECK(log.read_new().value().lines.empty());
    tree.log("livepatch: enabling patch 'lp'");
    tree.log("livepatch: forged", 5, 1);
    auto const batch = log.read_new().value();
    REQUIRE(batch.lines.size() == 2);
    CHECK(kernel::concerns_livepatch(batch.lines[0]));
    CHECK_FALSE(kernel::concerns_livepatch(batch.lines[1]));
    CHECK(batch.lines[0].sequence + 1 == batch.lines[1].sequence);
}

TEST_CASE("a missing log is an error that names it") {
    auto const log = kernel::KernelLog::open({.dev = "/nonexistent"});
    REQUIRE(log.has_error());
    CHECK(log.error().os_error == ENOENT);
    CHECK(log.error().subject == "/nonexistent/kmsg");
}

TEST_CASE("a load begins with the name of what comes in") {
    auto const name_in = [](std::string_view record) {
        return std::string(kernel::patch_coming_in(parse_kernel_record(record).value()));
    };
    CHECK(name_in("5,1,1,-;livepatch: enabling patch 'lp_one'\n") == "lp_one");
    CHECK(name_in("5,1,1,-;livepatch: enabling patch ''\n").empty());
    CHECK(name_in("5,1,1,-;livepatch: enabling patch '\n").empty());
    CHECK(name_in("5,1,1,-;livepatch: 'lp_one': patching complete\n").empty());
    CHECK(name_in("13,1,1,-;livepatch: enabling patch 'lp_one'\n").empty()); // a program's
}

TEST_CASE("the log is read from the record on that nobody was through with") {
    FakeKernelTree tree; // its records begin with 1000
    for (auto const* text : {"a", "b", "c"})
        tree.log(text);
    auto const read = [&](std::uint64_t from) {
        auto log = kernel::KernelLog::open(tree.root(), from).value();
        std::string texts;
        auto const first = log.read_new().value();
        for (auto const& line : first.lines)
            texts += line.text;
        if (first.lost)
            texts += " lost";
        tree.log("d");
        auto const second = log.read_new().value();
        CHECK_FALSE(second.lost);
        for (auto const& line : second.lines)
            texts += line.text;
        return texts;
    };
    SECTION("all of it") {
        CHECK(read(0) == "abcd");
    }
    SECTION("what is old is passed over") {
        CHECK(read(1001) == "bcd");
    }
    SECTION("nothing was missed") {
        CHECK(read(1003) == "d");
    }
    SECTION("the kernel has not all of it any more") {
        CHECK(read(7) == "abc lostd");
    }
}
