// catalogue-bench time N: milliseconds for a catalogue of N patches to be parsed and selected from,
// a line a run. catalogue-bench tree DIRECTORY N: a repository with such a catalogue, all its
// targets in its metadata, and the root to be trusted in DIRECTORY.root.json; in DIRECTORY.next,
// the same after one more patch was published. The newest module of each is there, and no other.
#include "base/sha256.hpp"
#include "repository/shortlist.hpp"
#include "support/patch_repository.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

namespace {

using namespace livepatch;
using nlohmann::json;

constexpr int repeats = 20;

json rollout() {
    auto steps = json::array();
    for (auto const& [at, percent] :
         {std::pair("2026-01-02T00:00:00Z", 1),
          std::pair("2026-01-03T00:00:00Z", 25),
          std::pair("2026-01-04T00:00:00Z", 100)})
        steps.push_back({{"at", at}, {"percent", percent}});
    return {{"paused", false}, {"rings", {{"default", steps}}}};
}

// As a publisher writes one: about a kilobyte.
json patch(int number) {
    auto const id = fmt::format("LP-2026-{:05}", number);
    auto const name = fmt::format("livepatch_{:05}", number);
    return {
        {"id", id},
        {"version", number},
        {"type", "security"},
        {"severity", "important"},
        {"summary", "netfilter: a use after free in the rollback of a batch"},
        {"published", "2026-01-01T10:00:00Z"},
        {"modified", "2026-01-01T10:00:00Z"},
        {"withdrawn", nullptr},
        {"references", {{{"type", "ADVISORY"}, {"url", "https://patches.example.com/" + id}}}},
        {"vulnerabilities",
         {{{"id", fmt::format("CVE-2026-{:05}", number)},
           {"severity", {{{"type", "CVSS_V3"}, {"score", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U"}}}},
           {"known_exploited", false}}}},
        {"module",
         {{"name", name},
          {"path", "modules/x86_64/6.1.0-56-amd64/" + name + ".ko"},
          {"length", 260'174},
          {"hashes", {{"sha256", base::sha256(id)}}},
          {"vermagic", "6.1.0-56-amd64 SMP preempt mod_unload modversions"}}},
        {"replace", true},
        {"supersedes", {fmt::format("LP-2026-{:05}", number - 1)}},
        {"requires", json::array()},
        {"functions",
         {{{"object", "vmlinux"}, {"name", "cmdline_proc_show"}, {"sympos", 0}},
          {{"object", "nf_tables"}, {"name", "nf_tables_abort"}, {"sympos", 0}}}},
        {"rollout", rollout()}};
}

json patches(int count) {
    auto list = json::array();
    for (int i = 1; i <= count; ++i)
        list.push_back(patch(i));
    return list;
}

int time(int count) {
    json const catalogue{
        {"schema", "livepatchd.catalog/1"},
        {"kernel", {{"release", "6.1.0-56-amd64"}, {"arch", "x86_64"}}},
        {"patches", patches(count)}};
    auto const text = catalogue.dump();
    repository::RolloutHost const host{.machine_id = "m", .repository = "corp"};
    auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    for (int i = 0; i < repeats; ++i) {
        auto const began = std::chrono::steady_clock::now();
        auto const parsed = repository::parse_kernel_catalogue(text, "catalogue");
        if (!parsed || repository::needed_now(*parsed, {}, host, now).size() != 1)
            throw std::runtime_error("not what was expected of it");
        std::chrono::duration<double, std::milli> const took =
            std::chrono::steady_clock::now() - began;
        fmt::print("{:.3f}\n", took.count());
    }
    return 0;
}

// What patch() says the module is, as far as a mirror looks at it.
std::string module_of(json const& patch) {
    auto bytes = patch["id"].get<std::string>();
    bytes.resize(patch["module"]["length"].get<std::size_t>());
    return bytes;
}

void publish_newest(support::PatchRepository& repository, std::string const& directory) {
    auto& module = repository.patches.back()["module"];
    auto const bytes = module_of(repository.patches.back());
    module["hashes"]["sha256"] = base::sha256(bytes);
    repository.tuf.add_target(module["path"].get<std::string>(), bytes);
    repository.publish();
    repository.write(directory);
}

int tree(std::string const& directory, int count) {
    support::PatchRepository repository;
    repository.last_until("2099-01-01T00:00:00Z");
    repository.patches = patches(count);
    auto& targets = repository.tuf.content["targets"]["targets"];
    for (auto const& one : repository.patches)
        targets[one["module"]["path"].get<std::string>()] = {
            {"length", one["module"]["length"]}, {"hashes", one["module"]["hashes"]}};
    publish_newest(repository, directory);
    std::ofstream(directory + ".root.json") << repository.root();
    repository.patches.push_back(patch(count + 1));
    publish_newest(repository, directory + ".next");
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    std::string const mode = argc > 1 ? argv[1] : "";
    try {
        if (mode == "time" && argc == 3)
            return time(std::stoi(argv[2]));
        if (mode == "tree" && argc == 4)
            return tree(argv[2], std::stoi(argv[3]));
    } catch (std::exception const& error) {
        std::fprintf(stderr, "catalogue-bench: %s\n", error.what()); // NOLINT
        return 1;
    }
    std::fputs("usage: catalogue-bench time N | tree DIRECTORY N\n", stderr); // NOLINT
    return 2;
}
