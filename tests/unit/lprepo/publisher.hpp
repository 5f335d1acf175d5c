// A publisher at his desk: lprepo, a directory, a clock that is set, and what it prints.
#pragma once

#include "base/file.hpp"
#include "lprepo/command_line.hpp"
#include "support/catch.hpp"
#include "support/module_file.hpp"
#include "support/temporary_directory.hpp"
#include "trust/tuf/header.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace livepatch::support {

struct Publisher {
    using Words = std::vector<std::string>;

    TemporaryDirectory directory;
    std::ostringstream out;
    std::ostringstream err;
    publish::Time now = *trust::tuf::parse_time("2026-06-01T00:00:00Z");
    Words asked;                  // what somebody at the terminal was asked for
    std::string typed = "secret"; // what he types each time

    lprepo::Context context{
        .out = out,
        .err = err,
        .now = [this] { return now; },
        .ask_secret = [this](std::string const& prompt) -> base::Result<std::string> {
            asked.push_back(prompt);
            return typed;
        }};

    std::filesystem::path repo() const { return directory.path() / "repo"; }

    std::string keys(std::string const& name) const {
        return (directory.path() / "repo.keys" / name).string();
    }

    // Runs lprepo with these words; what an earlier run printed is gone.
    int call(Words const& words) {
        out.str("");
        err.str("");
        std::vector<char const*> arguments{"lprepo"};
        for (auto const& word : words)
            arguments.push_back(word.c_str());
        return lprepo::run(static_cast<int>(arguments.size()), arguments.data(), context);
    }

    // A verb on the repository, which has to succeed.
    void must(std::string const& verb, Words rest = {}) {
        rest.insert(rest.begin(), {verb, repo().string()});
        auto const status = call(rest);
        INFO(verb << ": " << out.str() << err.str());
        REQUIRE(status == 0);
    }

    nlohmann::json json() const { return nlohmann::json::parse(out.str()); }

    // A repository with one patch, not encrypted, published.
    void publish_one() {
        must("init", {"--no-passphrase"});
        add("LP-1");
        must("publish");
    }

    std::string write_module(ModuleFile const& file) {
        return directory.write(file.name + ".ko", file.signed_by(test_key())).string();
    }

    void add(std::string const& id, ModuleFile file = {}, Words rest = {}) {
        if (file.name == ModuleFile().name) {
            file.name = id;
            for (auto& c : file.name)
                c = c == '-' || c == '.' ? '_' : c;
        }
        rest.insert(
            rest.begin(),
            {write_module(file), "--id", id, "--cve", "CVE-2026-1234", "--severity", "important"}
        );
        must("add", rest);
    }

    nlohmann::json metadata(std::string const& file) const {
        auto const text = base::read_file(repo() / "metadata" / file, std::size_t{1} << 20U);
        REQUIRE(text);
        return nlohmann::json::parse(*text).at("signed");
    }

    // Of the published file below targets/ whose path without its hash is this.
    std::string target(std::string const& role_file, std::string const& path) const {
        auto const entry = metadata(role_file).at("targets").at(path);
        auto const hash = entry.at("hashes").at("sha256").get<std::string>();
        auto const slash = path.rfind('/') + 1;
        auto const file = path.substr(0, slash) + hash + '.' + path.substr(slash);
        return base::read_file(repo() / "targets" / file, std::size_t{64} << 20U).value();
    }

    nlohmann::json catalogue(std::string const& role_file) const {
        return nlohmann::json::parse(target(role_file, "catalog/x86_64/6.1.0-56-amd64.json"));
    }
};

inline unsigned mode_of(std::filesystem::path const& path) {
    return static_cast<unsigned>(std::filesystem::status(path).permissions());
}

} // namespace livepatch::support
