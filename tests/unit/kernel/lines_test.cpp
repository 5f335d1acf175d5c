#include "kernel/lines.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <cerrno>
#include <string>
#include <vector>

using namespace livepatch;

namespace {

std::vector<std::string> lines_of(support::FakeKernelTree const& tree, std::string_view content) {
    tree.write("proc/lines", content);
    std::vector<std::string> lines;
    kernel::for_each_line(tree.path() / "proc/lines", [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
    }).value();
    return lines;
}

} // namespace

TEST_CASE("each line is told once, without its newline") {
    support::FakeKernelTree const tree;
    using Lines = std::vector<std::string>;
    CHECK(lines_of(tree, "").empty());
    CHECK(lines_of(tree, "one\n\nthree\n") == Lines{"one", "", "three"});
    CHECK(lines_of(tree, "no newline") == Lines{"no newline"});
}

TEST_CASE("lines go over the ends of what is read at once") {
    support::FakeKernelTree const tree;
    std::string content;
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < 20'000; ++i) {
        expected.push_back("line " + std::to_string(i) + std::string(i % 37, 'x'));
        content += expected.back() + '\n';
    }
    CHECK(lines_of(tree, content) == expected);
}

TEST_CASE("a line without end is cut off, and takes no memory") {
    support::FakeKernelTree const tree;
    auto const lines = lines_of(tree, std::string(1'000'000, 'x') + "\nnext\n");
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == std::string(kernel::longest_line, 'x'));
    CHECK(lines[1] == "next");
}

TEST_CASE("reading lines ends when somebody has had enough, or when there is no file") {
    support::FakeKernelTree const tree;
    tree.write("proc/lines", "one\ntwo\n");
    int told = 0;
    kernel::for_each_line(tree.path() / "proc/lines", [&](std::string_view) {
        ++told;
        return false;
    }).value();
    CHECK(told == 1);
    auto const missing =
        kernel::for_each_line(tree.path() / "proc/none", [](auto) { return true; });
    REQUIRE_FALSE(missing);
    CHECK(missing.error().os_error == ENOENT);
}
