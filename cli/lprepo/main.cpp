// lprepo: makes, signs and keeps a repository of livepatches.
#include "lprepo/command_line.hpp"
#include "lprepo/passphrases.hpp"

#include <chrono>
#include <iostream>

int main(int argc, char** argv) {
    using namespace livepatch;
    std::ios::sync_with_stdio(false);
    lprepo::Context context{
        .out = std::cout,
        .err = std::cerr,
        .now =
            [] {
                return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
            },
        .ask_secret = lprepo::ask_terminal};
    return lprepo::run(argc, argv, context);
}
