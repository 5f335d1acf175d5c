#include "control.hpp"

#include "base/error.hpp"
#include "module_file.hpp"
#include "report/error_name.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace livepatch::bus_test {

namespace {

using Json = nlohmann::json;
using Strings = std::vector<std::string>;

// ["refuse", NAME, ERROR, CAUSE, KERNEL LINE…]
base::Error error_of(Json const& command) {
    base::Error error{
        .code = report::errc_from_name(command.at(2).get<std::string>()),
        .subject = command.at(1),
        .cause = command.at(3),
        .remedy = {}};
    for (std::size_t i = 4; i < command.size(); ++i)
        error.kernel_log.push_back(command[i]);
    return error;
}

support::FakeTask task_of(Json const& task) {
    return {
        .pid = task.at("pid"),
        .tid = task.value("tid", 0),
        .patch_state = task.value("patch_state", 0),
        .comm = task.value("comm", "task"),
        .kthread = task.value("kthread", false),
        .state = task.value("state", "S").at(0),
        .cgroup = task.value("cgroup", "0::/\n"),
        .wchan = task.value("wchan", "0"),
        .stack = task.value("stack", ""),
        .uid = task.value("uid", 0U)};
}

} // namespace

Control::Control(boost::asio::io_context& io, Stage stage)
    : input_(io, ::dup(STDIN_FILENO)),
      stage_(stage) {}

bool Control::read_line(std::string& line) {
    boost::system::error_code failed;
    auto const size =
        boost::asio::read_until(input_, boost::asio::dynamic_buffer(buffer_), '\n', failed);
    line = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return !failed;
}

bool Control::set_scene() {
    std::string line;
    while (read_line(line)) {
        if (Json::parse(line) == Json{"start"})
            return true;
        answer(line);
    }
    return false;
}

void Control::listen() {
    boost::asio::async_read_until(
        input_,
        boost::asio::dynamic_buffer(buffer_),
        '\n',
        [this](auto const& failed, std::size_t size) {
            if (failed)
                return;
            auto const line = buffer_.substr(0, size);
            buffer_.erase(0, size);
            answer(line);
            listen();
        }
    );
}

void Control::answer(std::string const& line) {
    Json said;
    try {
        said = {{"value", run(Json::parse(line))}};
    } catch (std::exception const& error) {
        said = {{"error", error.what()}};
    }
    std::cout << said.dump() << std::endl; // NOLINT(performance-avoid-endl): it is waited for
}

// ["publish", DIRECTORY, {"patches": [ENTRY…], "brakes": […], "kernel": {…}, "unfixed": […],
// "rotate": true, "expires": TIME}]: an entry has "module", as module_file() wants it, and what it
// says of the patch. The root to be trusted goes to DIRECTORY.root.json at the first time.
void Control::publish(Json const& command) {
    auto const directory = command.at(1).get<std::string>();
    auto const& said = command.at(2);
    auto const [found, is_new] = repositories_.try_emplace(directory);
    auto& repository = found->second;
    if (is_new || said.contains("expires"))
        repository.last_until(said.value("expires", "2099-01-01T00:00:00Z"));
    if (said.value("rotate", false)) {
        for (auto const* role : {"root", "timestamp", "snapshot", "targets"})
            repository.tuf.authorise(role, {support::TufKey::ed25519()});
        repository.tuf.publish_root();
    }
    repository.patches = Json::array();
    for (auto entry : said.value("patches", Json::array())) {
        auto const module = entry.at("module");
        entry.erase("module");
        // The same module again, and not one more with another signature.
        auto& bytes = published_modules_[module.dump()];
        if (bytes.empty())
            bytes = module_file(module);
        repository.add(entry.at("id"), module.at("name"), bytes).update(entry);
    }
    repository.brakes = said.value("brakes", Json::array());
    if (said.contains("kernel"))
        repository.catalogue["kernel"].update(said.at("kernel"));
    repository.catalogue["unfixed"] = said.value("unfixed", Json::array());
    repository.publish();
    if (is_new)
        stage_.tree.write(directory + ".root.json", repository.root());
    // What others refer to comes last.
    auto files = repository.tuf.files;
    auto const timestamp = files.extract("metadata/timestamp.json");
    for (auto const& [name, bytes] : files)
        stage_.tree.write(directory + '/' + name, bytes);
    stage_.tree.write(directory + "/metadata/.timestamp.json", timestamp.mapped());
    auto const metadata = stage_.tree.path() / directory / "metadata";
    std::filesystem::rename(metadata / ".timestamp.json", metadata / "timestamp.json");
}

Json Control::run(Json const& command) {
    auto const text = [&](std::size_t i) { return command.at(i).get<std::string>(); };
    auto const begun = [this] { stage_.timed.begun(); };
    auto& [tree, kernel, timed, authoriser] = stage_;
    std::map<std::string, std::function<Json()>> const commands{
        {"stall", [&] { return kernel.stall(text(1)), Json(); }},
        {"release", [&] { return kernel.release(text(1)), begun(), Json(); }},
        {"refuse", [&] { return kernel.refuse(text(1), error_of(command)), Json(); }},
        {"refuse-with",
         [&] {
             // ["refuse-with", NAME, ERROR, ERRNO, CAUSE, KERNEL LINE…]
             auto plain = command;
             plain.erase(3);
             auto error = error_of(plain);
             error.os_error = command.at(3);
             return kernel.refuse(text(1), error), Json();
         }},
        {"accept", [&] { return kernel.refuse(text(1), {}), Json(); }},
        {"permanent", [&] { return kernel.make_permanent(text(1)), Json(); }},
        {"block", [&] { return timed.block(true), Json(); }},
        {"unblock", [&] { return timed.block(false), Json(); }},
        {"blocked", [&] { return Json(timed.is_blocking()); }},
        {"calls", [&] { return Json(kernel.calls()); }},
        {"foreign-load",
         [&] { return kernel.foreign_load(text(1), command.size() > 2), begun(), Json(); }},
        {"foreign-disable", [&] { return kernel.foreign_disable(text(1)), begun(), Json(); }},
        {"foreign-remove", [&] { return kernel.foreign_remove(text(1)), Json(); }},
        {"task", [&] { return tree.set_task(task_of(command.at(1))), Json(); }},
        {"write", [&] { return tree.write(text(1), text(2)), Json(); }},
        {"expire",
         [&] {
             return tree.write("etc/module-keys.d/trusted.pem", trusted_certificate(true)), Json();
         }},
        {"no-livepatch", [&] { return tree.set_livepatch(false), Json(); }},
        {"fail", [&] { return authoriser.fail(text(1)), Json(); }},
        {"hang",
         [&] {
             auto const time = std::chrono::milliseconds(command.at(2).get<int>());
             return authoriser.hang(text(1), time), Json();
         }},
        {"publish", [&] { return publish(command), Json(); }},
        {"module", [&] { return tree.write(text(1), module_file(command.at(2))), Json(); }},
    };
    auto const found = commands.find(text(0));
    if (found == commands.end())
        throw std::runtime_error("no such command: " + text(0));
    return found->second();
}

} // namespace livepatch::bus_test
