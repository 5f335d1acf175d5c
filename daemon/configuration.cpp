#include "configuration.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"
#include "configuration_reader.hpp"

#include <cerrno>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace livepatch::daemon {

namespace {

constexpr std::size_t max_file = std::size_t{1024} * 1024;
constexpr std::size_t max_files = 1000;

class Loading {
public:
    Loading(ConfigurationPaths const& paths, std::string const& release)
        : paths_(paths),
          release_(release) {}

    LoadedConfiguration run() {
        load_main();
        load_sources();
        return std::move(loaded_);
    }

private:
    using Files = std::map<std::string, std::filesystem::path>; // by name

    void load_main() {
        Configuration configuration;
        if (auto const path = paths_.etc / "livepatchd.toml"; there_is(path))
            merge(path, configuration);
        Files drop_ins;
        add_files(paths_.etc / "conf.d", drop_ins); // hides the vendor's of the same name
        add_files(paths_.vendor / "conf.d", drop_ins);
        for (auto const& [name, path] : drop_ins)
            merge(path, configuration);
        // Half of a configuration may be the wrong half: nothing is applied by itself then.
        if (!loaded_.problems.empty()) {
            configuration = Configuration();
            configuration.apply.mode = report::Mode::manual;
            loaded_.main_is_broken = true;
        }
        loaded_.configuration = std::move(configuration);
    }

    void merge(std::filesystem::path const& path, Configuration& configuration) {
        if (auto const text = read(path))
            tell(read_main_file(*text, path, configuration));
    }

    void load_sources() {
        Files files;
        add_files(paths_.etc / "repos.d", files);
        for (auto const& [name, path] : files) {
            auto const text = read(path);
            if (!text)
                continue;
            auto reading = read_source_file(*text, path, release_, paths_.mirrors);
            tell(std::move(reading.problems));
            if (reading.source)
                loaded_.configuration.sources.push_back(std::move(*reading.source));
        }
    }

    // The .toml files of a directory that are not there yet; one that does not exist has none.
    void add_files(std::filesystem::path const& directory, Files& files) {
        auto const names = base::list_directory(directory, max_files);
        if (!names) {
            if (names.error().os_error != ENOENT)
                tell({names.error()});
            return;
        }
        for (auto const& name : *names)
            if (name.ends_with(".toml") && !name.starts_with('.'))
                files.emplace(name, directory / name);
    }

    static bool there_is(std::filesystem::path const& path) {
        std::error_code failed;
        return std::filesystem::symlink_status(path, failed).type() !=
               std::filesystem::file_type::not_found;
    }

    std::optional<std::string> read(std::filesystem::path const& path) {
        auto text = base::read_file(path, max_file);
        if (text)
            return std::move(text).value();
        tell({text.error()});
        return std::nullopt;
    }

    void tell(std::vector<base::Error> problems) {
        std::move(problems.begin(), problems.end(), std::back_inserter(loaded_.problems));
    }

    ConfigurationPaths const& paths_;
    std::string const& release_;
    LoadedConfiguration loaded_;
};

} // namespace

LoadedConfiguration
load_configuration(ConfigurationPaths const& paths, std::string const& release) {
    return Loading(paths, release).run();
}

} // namespace livepatch::daemon
