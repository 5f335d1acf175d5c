// A host that fetches from a publisher's web server; each fetch() is a run of livepatch-fetch.
#pragma once

#include "base/directory.hpp"
#include "fetch/command_line.hpp"
#include "publisher.hpp"
#include "repository/tuf_repository.hpp"
#include "web_server.hpp"

#include <algorithm>
#include <sstream>

namespace livepatch::support {

struct FetchHost : Publisher {
    using WebServer = conformance::WebServer;
    using Seconds = std::chrono::seconds;

    static constexpr auto release = "6.1.0-56-amd64";

    WebServer server;
    std::ostringstream said;    // of the last run, both streams
    std::vector<Seconds> slept; // in the last run; the clock goes on as long
    Words seen_meanwhile;       // when what was there before is about to be removed
    double luck = 0.5;          // of the pauses' lengths
    Seconds patience{60};       // with slow servers; machines are busy
    Seconds in_all{60};         // for one file
    Seconds for_one_source{600};
    std::string machine_id = "00112233445566778899aabbccddeeff";
    fetch::Voice::Style style = {};

    FetchHost() {
        install(release);
        configure();
    }

    std::filesystem::path path(std::string const& name) const { return directory.path() / name; }

    std::filesystem::path tree(std::string const& source = "corp") const {
        return path("mirror/" + source);
    }

    void install(std::string const& kernel) {
        std::filesystem::create_directories(path("modules") / kernel);
    }

    // repos.d/corp.toml; `url` "" = the server's.
    void configure(std::string const& more = "allow_http = true\n", std::string url = {}) {
        if (url.empty())
            url = server.url();
        write_source("corp", url, more);
    }

    void write_source(std::string const& name, std::string const& url, std::string const& more) {
        directory.write(
            "etc/repos.d/" + name + ".toml",
            "url = \"" + url + "\"\nroot = \"" + path("root.json").string() + "\"\n" + more
        );
    }

    // What is published now is what is served, and its first root what the host believes.
    void serve() { server.serve(files()); }

    std::map<std::string, std::string> files(std::string const& before = {}) const {
        std::map<std::string, std::string> files;
        for (auto const* part : {"metadata", "targets"})
            for (auto const& entry : std::filesystem::recursive_directory_iterator(repo() / part))
                if (entry.is_regular_file())
                    files[before + entry.path().lexically_relative(repo()).string()] =
                        base::read_file(entry.path(), std::size_t{64} << 20U).value();
        return files;
    }

    void publish_one_and_serve() {
        publish_one();
        std::filesystem::copy_file(repo() / "metadata/1.root.json", path("root.json"));
        serve();
    }

    void publish_and_serve() {
        must("publish");
        serve();
    }

    int fetch(Words words = {}) {
        said.str("");
        slept.clear();
        fetch::Context run{
            .out = said,
            .err = said,
            .style = style,
            .configuration =
                {.etc = path("etc"), .vendor = path("vendor"), .mirrors = path("mirror")},
            .modules = path("modules"),
            .release = release,
            .fetcher = {
                .host =
                    {.machine_id = machine_id,
                     .arch = "x86_64",
                     .resets = path("resets"),
                     .now = [this] { return now; }},
                .patience =
                    {.to_connect = Seconds(60), .below_least_speed = patience, .in_all = in_all},
                .for_one_source = for_one_source,
                .sleep =
                    [this](Seconds time) {
                        slept.push_back(time);
                        now += time;
                    },
                .let_readers_end = [this] { seen_meanwhile = seen_by_daemon(); },
                .chance = [this] { return luck; }}};
        words.insert(words.begin(), "livepatch-fetch");
        std::vector<char const*> arguments;
        for (auto const& word : words)
            arguments.push_back(word.c_str());
        return fetch::run(static_cast<int>(arguments.size()), arguments.data(), run);
    }

    bool says(std::string const& words) const {
        return said.str().find(words) != std::string::npos;
    }

    // "LP-1", for each module in the mirror, whatever its hash.
    Words modules(std::string const& source = "corp") const {
        return targets("modules", ".ko", source);
    }

    Words catalogues() const { return targets("catalog", ".json", "corp"); }

    // The ids of the patches that a daemon would find in the mirror, or why it does not believe it.
    Words seen_by_daemon(std::string const& source = "corp") const {
        auto repository = repository::TufRepository::open(
            {.tree = tree(source), .anchor = path("root.json"), .state = path("daemon/" + source)},
            now
        );
        if (!repository)
            return {base::describe(repository.error())};
        auto const published = repository->published("x86_64", release, "default");
        if (!published)
            return {base::describe(published.error())};
        Words ids;
        for (auto const& patch : published->catalogue.patches)
            if (!repository::taken_back(patch, published->brakes))
                ids.push_back(patch.id + (repository->module(patch) ? "" : " without its module"));
        return ids;
    }

    std::string timestamp() const {
        return base::read_file(tree() / "metadata/timestamp.json").value();
    }

    // Changes when somebody writes it, whatever he writes.
    auto timestamp_stamp() const {
        return std::filesystem::last_write_time(tree() / "metadata/timestamp.json");
    }

    std::string page_of_module(std::string const& id) const {
        auto const all = files();
        auto const found = std::ranges::find_if(all, [&](auto const& file) {
            return file.first.ends_with('.' + id + ".ko");
        });
        return found == all.end() ? "none" : found->first;
    }

private:
    Words
    targets(std::string const& kind, std::string const& ending, std::string const& source) const {
        Words names;
        auto const root = tree(source) / "targets" / kind;
        std::error_code none;
        for (auto const& entry : std::filesystem::recursive_directory_iterator(root, none))
            if (entry.is_regular_file()) {
                auto name = entry.path().filename().string();
                name.erase(0, name.find('.') + 1);
                names.push_back(name.substr(0, name.size() - ending.size()));
            }
        std::ranges::sort(names);
        return names;
    }
};

} // namespace livepatch::support
