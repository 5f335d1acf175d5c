#include "kernel/trace.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <string>
#include <vector>

using namespace livepatch;
using kernel::Trace;
using kernel::TraceKind;
using kernel::TraceReader;
using Lines = std::vector<std::string>;

namespace {

// As Debian's 6.1 prints them.
Lines warning(std::string const& where) {
    return {
        "------------[ cut here ]------------",
        "WARNING: CPU: 1 PID: 412 at /root/lp_warn.c:12 " + where,
        "Modules linked in: lp_warn(OEK) virtio_blk",
        "CPU: 1 PID: 412 Comm: cat Tainted: G           OE K    6.1.0-56-amd64 #1  Debian "
        "6.1.192-2",
        "Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2-debian-1.16.2-1 "
        "04/01/2014",
        "RIP: 0010:" + where,
        "Code: 0f 0b 31 c0 c3 cc cc cc cc 66 66 2e 0f 1f 84 00 00 00 00 00 66 90",
        "RSP: 0018:ffffa5a9c0427d98 EFLAGS: 00010246",
        "Call Trace:",
        " <TASK>",
        " seq_read_iter+0x1f4/0x4c0",
        " ? lp_other+0x5/0x10 [lp_other]",
        " proc_reg_read_iter+0x52/0xa0",
        "RIP: 0033:0x7f1c2a8f6b1d",
        " </TASK>",
        "---[ end trace 0000000000000000 ]---"};
}

Lines oops(std::string const& top, std::string const& caller) {
    return {
        "BUG: kernel NULL pointer dereference, address: 0000000000000000",
        "#PF: supervisor write access in kernel mode",
        "#PF: error_code(0x0002) - not-present page",
        "PGD 0 P4D 0 ",
        "Oops: 0002 [#1] PREEMPT SMP NOPTI",
        "CPU: 0 PID: 400 Comm: cat Tainted: G           OE K    6.1.0-56-amd64 #1  Debian "
        "6.1.192-2",
        "RIP: 0010:" + top,
        "Call Trace:",
        " <TASK>",
        " " + caller,
        " seq_read_iter+0x1f4/0x4c0",
        " </TASK>",
        "Modules linked in: lp_oops(OEK)",
        "---[ end trace 0000000000000000 ]---"};
}

// The traces as they were when they were told of last.
std::vector<Trace> read(TraceReader& reader, Lines const& lines, int facility = 0) {
    std::vector<Trace> traces;
    for (auto const& text : lines)
        if (auto const* trace = reader.read({.facility = facility, .text = text})) {
            if (traces.empty() || traces.back().number != trace->number)
                traces.emplace_back();
            traces.back() = *trace;
        }
    return traces;
}

std::vector<Trace> read(Lines const& lines) {
    TraceReader reader;
    return read(reader, lines);
}

constexpr auto ours = "lp_warn_show+0x9/0x20 [lp_warn]";

} // namespace

TEST_CASE("a warning in a module's code blames it") {
    auto const traces = read(warning(ours));
    REQUIRE(traces.size() == 1);
    auto const& trace = traces[0];
    CHECK(trace.kind == TraceKind::warning);
    CHECK(trace.complete);
    CHECK(trace.frames.front().function == "lp_warn_show");
    CHECK(trace.frames.front().module == "lp_warn");
    CHECK(trace.frames.size() == 4); // not once more for the instruction pointer, nor user space's
    CHECK(
        trace.lines.front() == "WARNING: CPU: 1 PID: 412 at /root/lp_warn.c:12 " + std::string(ours)
    );
    CHECK(blames(trace, "lp_warn"));
    CHECK_FALSE(blames(trace, "lp_other"));
    CHECK_FALSE(blames(trace, ""));
}

TEST_CASE("the first line of a warning is enough") {
    TraceReader reader;
    auto const traces = read(reader, {warning(ours)[1]});
    REQUIRE(traces.size() == 1);
    CHECK(blames(traces[0], "lp_warn"));
    CHECK_FALSE(traces[0].complete);
}

TEST_CASE("a warning that only came through a module's code does not blame it") {
    auto lines = warning("kfree+0x9/0x20");
    lines[10] = " lp_warn_show+0x9/0x20 [lp_warn]";
    auto const traces = read(lines);
    REQUIRE(traces.size() == 1);
    CHECK(traces[0].frames.size() == 4);
    CHECK_FALSE(blames(traces[0], "lp_warn"));
}

TEST_CASE("later kernels say it otherwise") {
    auto const traces =
        read({"WARNING: lp_warn.c:12 at lp_warn_show+0x9/0x20 [lp_warn], CPU#1: cat/412"});
    REQUIRE(traces.size() == 1);
    CHECK(blames(traces[0], "lp_warn"));
}

TEST_CASE("an oops blames whose code it happened in, and who called that") {
    auto const inside = read(oops("lp_oops_show+0x4/0x20 [lp_oops]", "seq_read+0x1/0x2"));
    REQUIRE(inside.size() == 1); // the "Oops:" line begins no second one
    CHECK(inside[0].kind == TraceKind::oops);
    CHECK(blames(inside[0], "lp_oops"));
    auto const below = read(oops("strlen+0x4/0x20", "lp_oops_show+0x4/0x20 [lp_oops]"));
    CHECK(blames(below.at(0), "lp_oops"));
    auto const old = read(oops("strlen+0x4/0x20", "? lp_oops_show+0x4/0x20 [lp_oops]"));
    CHECK_FALSE(blames(old.at(0), "lp_oops"));
}

TEST_CASE("BUG(), lockups and hung tasks") {
    Lines bug{
        "------------[ cut here ]------------",
        "kernel BUG at /root/lp_bug.c:9!",
        "invalid opcode: 0000 [#1] PREEMPT SMP NOPTI",
        "RIP: 0010:lp_bug_show+0x4/0x20 [lp_bug]",
        "Call Trace:"};
    auto traces = read(bug);
    REQUIRE(traces.size() == 1);
    CHECK(traces[0].kind == TraceKind::bug);
    CHECK(blames(traces[0], "lp_bug"));

    traces = read(
        {"watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [cat:412]",
         "Modules linked in: lp_spin(OEK)",
         "RIP: 0010:lp_spin_show+0x4/0x20 [lp_spin]"}
    );
    REQUIRE(traces.size() == 1);
    CHECK(traces[0].kind == TraceKind::lockup);
    CHECK(blames(traces[0], "lp_spin"));

    traces = read(
        {"INFO: task cat:412 blocked for more than 120 seconds.",
         "      Tainted: G           OE K    6.1.0-56-amd64 #1 Debian 6.1.192-2",
         "Call Trace:",
         " <TASK>",
         " __schedule+0x2d1/0x870",
         " lp_hung_show+0x4/0x20 [lp_hung]",
         " </TASK>"}
    );
    REQUIRE(traces.size() == 1);
    CHECK(traces[0].kind == TraceKind::hung);
    CHECK(traces[0].complete);
    CHECK_FALSE(blames(traces[0], "lp_hung")); // whoever sleeps there may wait for anybody
}

TEST_CASE("an oops as kernels from 6.10 on tell it") {
    auto const line = GENERATE(
        "Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1] "
        "PREEMPT SMP NOPTI",
        "Oops: divide error: 0000 [#1] PREEMPT SMP PTI",
        "Oops: int3: 0000 [#1] SMP",
        "Oops: 0002 [#1] PREEMPT(full) SMP",
        "Oops: 0002 [#1]"
    );
    CAPTURE(line);
    auto const traces = read({line, "RIP: 0010:lp_show+0x4/0x20 [lp]"});
    REQUIRE(traces.size() == 1);
    CHECK(traces[0].kind == TraceKind::oops);
    CHECK(blames(traces[0], "lp"));
}

TEST_CASE("a build-id behind the module's name is no part of it") {
    auto const traces = read({"WARNING: CPU: 1 PID: 412 at a.c:12 f+0x9/0x20 [lp_warn "
                              "0123456789abcdef0123456789abcdef01234567]"});
    REQUIRE(traces.size() == 1);
    CHECK(blames(traces[0], "lp_warn"));
}

TEST_CASE("what a program writes into the log is nothing") {
    TraceReader reader;
    CHECK(read(reader, warning(ours), 1).empty());
    // Nor does it end or add to what the kernel says.
    auto const lines = warning(ours);
    CHECK(read(reader, {lines.begin(), lines.begin() + 9}).size() == 1);
    CHECK(read(reader, {" lp_evil+0x1/0x2 [lp_other]"}, 1).empty());
}

// Fifteen characters of a task's name are its owner's, and some lines begin with it.
TEST_CASE("a task's name begins no report") {
    auto const line = GENERATE(
        "WARNING: CPU: 0[412]: segfault at 0 ip 0 sp 0 error 4 in f+0x1/0x2 [lp_warn][400000+1000]",
        "WARNING: a:1 at[412]: segfault at 0 ip 0 sp 0 error 4 in f+0x1/0x2 [lp_warn]",
        "kernel BUG at a[412]: segfault at 0 ip 0 sp 0 error 4 in a:1!",
        "Oops: 0002 [#1][412]: segfault at 0 ip 0 sp 0 error 4 in x",
        "Oops: 0000 [#1] invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0",
        "Oops: 0 [#1] : page allocation failure: order:0, mode:0x40cc0(GFP_KERNEL)",
        "int3: 0 [#1] A[412]: segfault at 0 ip 0 sp 0 error 4 in x",
        "Oops: 1[412]: segfault at 0 ip 0 sp 0 error 4 in x: 0000 [#1] PREEMPT",
        "divide error: [412]: segfault at 0 ip 0 sp 0 error 4 in : 0000 [#1] PREEMPT",
        "INFO: task lp:1[412]: segfault at 0 ip 0 sp 0 error 4 in  blocked for more than 1 "
        "seconds.[4]",
        "lp_warn[412]: segfault at 0 ip 0 sp 0 error 4 in lp_warn[400000+1000]",
        "INFO: task lp_warn:412 blocked for more than x seconds."
    );
    CAPTURE(line);
    CHECK(read({line}).empty());
}

TEST_CASE("a stack that nobody announced belongs to nothing") {
    CHECK(read({"Call Trace:", " <TASK>", " lp_warn_show+0x9/0x20 [lp_warn]"}).empty());
    // An oops that broke off, and later somebody's backtrace: only the first stack is its.
    TraceReader reader;
    auto lines = oops("strlen+0x4/0x20", "seq_read+0x1/0x2");
    lines.resize(11);
    CHECK(read(reader, lines).size() == 1);
    CHECK(read(reader, {"Call Trace:", " <TASK>", " lp_oops_show+0x9/0x20 [lp_oops]"}).empty());
    // Nor when lines were lost in between.
    CHECK(read(reader, {oops("strlen+0x4/0x20", "x+0x1/0x2")[0]}).size() == 1);
    reader.interrupt();
    CHECK(read(reader, {"RIP: 0010:lp_oops_show+0x9/0x20 [lp_oops]"}).empty());
}

TEST_CASE("lines that are nearly frames are none") {
    auto const line = GENERATE(
        " lp_warn_show+0x9/0x20 [lp_warn] x",
        " lp_warn_show+0x9/0x20 [lp_warn",
        " lp_warn_show+0x9/0x20 []",
        " lp_warn_show+0x9 [lp_warn]",
        " lp_warn_show [lp_warn]",
        "lp_warn_show+0x9/0x20 [lp_warn]",
        " +0x9/0x20 [lp_warn]",
        " ",
        ""
    );
    CAPTURE(line);
    auto lines = oops("strlen+0x4/0x20", "seq_read+0x1/0x2");
    lines[9] = line;
    CHECK_FALSE(blames(read(lines).at(0), "lp_warn"));
}

TEST_CASE("a report without end takes a bounded place") {
    TraceReader reader;
    Lines lines{warning(ours)[1], "Call Trace:"};
    for (int i = 0; i < 10'000; ++i)
        lines.emplace_back(" seq_read_iter+0x1f4/0x4c0");
    auto const traces = read(reader, lines);
    REQUIRE(traces.size() == 1);
    CHECK(traces[0].frames.size() == 100);
    CHECK(traces[0].lines.size() == 40);
}

TEST_CASE("a trace is unfinished until its stack has been seen, and knows its first line") {
    TraceReader reader;
    std::uint64_t sequence = 100;
    auto const say = [&](std::string const& text) {
        reader.read({.sequence = sequence++, .text = text});
    };
    CHECK(reader.unfinished() == nullptr);
    auto const lines = warning("lp_warn_show+0x9/0x20 [lp_warn]");
    for (auto const& text : lines) {
        if (reader.unfinished() != nullptr)
            CHECK(reader.unfinished()->sequence == 101);
        say(text);
    }
    CHECK(reader.unfinished() == nullptr);
    say(lines[1]);
    CHECK(reader.unfinished()->sequence == 100 + lines.size());
    reader.interrupt();
    CHECK(reader.unfinished() == nullptr);
}
