// What bash completes, as it does it itself.
#include "publisher.hpp"

#include <cstdlib>

using namespace livepatch;

namespace {

std::string completed(std::string const& words) {
    support::TemporaryDirectory const directory;
    auto const output = (directory.path() / "output").string();
    auto const command = "PATH=$(dirname " LPREPO "):$PATH bash --norc -c '. " COMPLETION
                         "; COMP_WORDS=(lprepo " +
                         words +
                         "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _lprepo; "
                         "echo \"${COMPREPLY[@]}\"' >'" +
                         output + "' 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
    return base::read_file(output).value();
}

} // namespace

TEST_CASE("bash completes verbs and options") {
    CHECK(completed("re") == "refresh\n");
    CHECK(completed("v") == "verify\n");
    CHECK(completed("add repo m.ko --sup") == "--supersedes\n");
    CHECK(completed("publish \"\"") == "\n"); // files, which bash knows
}
