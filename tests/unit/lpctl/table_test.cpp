#include "lpctl/table.hpp"
#include "support/catch.hpp"

using namespace livepatch::lpctl;

namespace {

Terminal terminal(std::size_t width) {
    return {.interactive = true, .colour = false, .utf8 = true, .width = width};
}

std::size_t longest_line(std::string const& text) {
    std::size_t longest = 0;
    std::size_t begin = 0;
    while (begin < text.size()) {
        auto const end = text.find('\n', begin);
        longest = std::max(longest, columns(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return longest;
}

} // namespace

TEST_CASE("columns counts what a terminal shows") {
    CHECK(columns("") == 0);
    CHECK(columns("plain") == 5);
    CHECK(columns("Grüße") == 5);
    CHECK(columns("補丁") == 4);
    CHECK(columns("e\xcc\x81") == 1); // a combining accent
}

TEST_CASE("fitted cuts between characters and says so") {
    CHECK(fitted("abcdef", 6, true) == "abcdef");
    CHECK(fitted("abcdef", 5, true) == "abcd…");
    CHECK(fitted("abcdef", 5, false) == "ab...");
    CHECK(fitted("補丁補丁", 6, true) == "補丁…"); // a wide character does not fit by half
    CHECK(fitted("abcdef", 1, true) == "a");
    CHECK(fitted("abcdef", 0, true).empty());
}

TEST_CASE("a table aligns its columns and has no space at the end of a line") {
    Table table({"PATCH", "STATE", "REASON"});
    table.add({{"lp_a"}, {"enabled"}, {""}});
    table.add({{"補丁"}, {"absent"}, {"held"}});
    CHECK(
        table.draw({}) == "PATCH  STATE    REASON\n"
                          "lp_a   enabled\n"
                          "補丁   absent   held\n"
    );
}

TEST_CASE("hostile names cannot reach the terminal") {
    Table table({"PATCH", "REASON"});
    table.add(
        {{"\x1b[2J\x9b"
          "2J\rx\n"},
         {"\xe2\x80\xae"}}
    );
    auto const text = table.draw(terminal(200));
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\r') == std::string::npos);
    CHECK(text.find('\x9b') == std::string::npos);
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);
    CHECK(text.find("\\x1b[2J\\x9b2J\\x0dx\\x0a") != std::string::npos);
}

TEST_CASE("long cells are cut on a terminal and whole in a pipe") {
    std::string const name(4'096, 'x');
    Table table({"PATCH", "STATE", "REASON"});
    table.add({{name}, {"enabled"}, {"because"}});
    table.add({{"lp_a"}, {"enabled"}, {""}});
    for (std::size_t const width : {20U, 80U, 200U})
        CHECK(longest_line(table.draw(terminal(width))) <= width);
    auto const piped = table.draw({});
    CHECK(piped.find(name + "  enabled  because\n") != std::string::npos);
    CHECK(piped.find("\nlp_a                                      enabled\n") != std::string::npos);
}

TEST_CASE("colour is only for those who want it") {
    Table table({"STATE"});
    table.add({{"enabled", Tone::good}});
    CHECK(table.draw({}).find('\x1b') == std::string::npos);
    auto wanted = terminal(80);
    wanted.colour = true;
    CHECK(table.draw(wanted).find("\x1b[32menabled\x1b[0m") != std::string::npos);
}
