// livepatch-fetch: the only part of livepatchd that has a network, and nothing else.
#include "base/file.hpp"
#include "base/text.hpp"
#include "fetch/command_line.hpp"
#include "fetch/own_user.hpp"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>
#include <unistd.h>

namespace {

using namespace livepatch;

std::string running_release() {
    utsname names = {};
    return ::uname(&names) == 0 ? std::string(names.release) : std::string();
}

std::string machine_id() {
    auto const text = base::read_file("/etc/machine-id");
    return text ? std::string(base::trimmed(*text)) : std::string();
}

double chance() {
    static std::random_device device;
    return std::uniform_real_distribution<double>(0, 1)(device);
}

// As systemd.exec(5) has it: the variable may come from somebody else's service.
bool is_journal(int fd) {
    struct stat status = {};
    char const* const stream = std::getenv("JOURNAL_STREAM");
    return stream != nullptr && ::fstat(fd, &status) == 0 &&
           std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino) == stream;
}

} // namespace

int main(int argc, char** argv) {
    ::umask(S_IWGRP | S_IWOTH); // the daemon reads what is fetched
    fetch::Context context{
        .out = std::cout,
        .err = std::cerr,
        .style =
            {.is_terminal = ::isatty(STDERR_FILENO) != 0, .is_journal = is_journal(STDERR_FILENO)},
        .release = running_release(),
        .fetcher = {
            .host = {.machine_id = machine_id()},
            .sleep = [](std::chrono::seconds time) { std::this_thread::sleep_for(time); },
            .let_readers_end = [] { std::this_thread::sleep_for(std::chrono::seconds(5)); },
            .chance = chance}};
    context.leave_root = [&] { return fetch::leave_root(context.configuration.mirrors); };
    return fetch::run(argc, argv, context);
}
