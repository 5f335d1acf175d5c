// The TUF client behind the command line of the public suite tuf-conformance (its CLIENT-CLI.md).
// Not installed. Its clock is libc's, so that faketime works.
#include "base/file.hpp"
#include "mirror/http_source.hpp"
#include "trust/tuf/client.hpp"
#include "trust/tuf/file_name.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <curl/curl.h>
#include <fcntl.h>

namespace {

using namespace livepatch;
namespace fs = std::filesystem;
namespace tuf = trust::tuf;

constexpr std::size_t largest_target = std::size_t{64} * 1024 * 1024;

struct Arguments {
    std::string metadata_dir;
    std::string metadata_url;
    std::string target_base_url;
    std::string target_dir;
    std::vector<std::string> target_names;
    std::string trusted_root;
};

// All of metadata_dir that ends with .json is taken for metadata.
base::Result<tuf::Store> open_store(Arguments const& arguments) {
    fs::path const directory = arguments.metadata_dir;
    return tuf::Store::open({.metadata = directory, .memory = directory / ".state"});
}

base::Result<void> init(Arguments const& arguments) {
    auto const root = base::read_file(arguments.trusted_root, tuf::Limits().root);
    if (!root)
        return root.error();
    auto store = open_store(arguments);
    if (!store)
        return store.error();
    return store->save("root", *root);
}

base::Result<tuf::Client> refreshed(tuf::Store& store, mirror::HttpSource& source) {
    tuf::Limits const limits;
    auto anchor = store.load("root", limits.root);
    if (!anchor)
        return anchor.error();
    auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return tuf::Client::refreshed(
        std::move(*anchor),
        {.store = store, .source = source, .now = now, .limits = limits, .earliest = {}}
        // what is tested may be of any time
    );
}

bool is_there(fs::path const& path, tuf::Target const& target) {
    auto const bytes = base::read_file(path, largest_target);
    return bytes && tuf::check_content(
                        {.length = target.length, .hashes = target.hashes}, *bytes, path.string()
                    );
}

base::Result<void>
download(tuf::Client& client, std::string const& name, fs::path const& directory) {
    auto const target = client.find(name);
    if (!target)
        return target.error();
    auto const path = directory / tuf::percent_encoded(name);
    if (is_there(path, *target))
        return {};
    auto const unverified = path.string() + ".part";
    base::UniqueFd const file(
        ::open(unverified.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)
    );
    if (!file)
        return base::system_error(unverified, "cannot create", errno);
    auto fetched = client.fetch(*target, [&](std::span<std::byte const> bytes) {
        return base::write_all(file.get(), bytes, unverified);
    });
    if (!fetched) {
        ::unlink(unverified.c_str());
        return fetched;
    }
    if (::rename(unverified.c_str(), path.c_str()) != 0)
        return base::system_error(path.string(), "cannot rename to it", errno);
    return {};
}

base::Result<void> update(Arguments const& arguments) {
    auto store = open_store(arguments);
    if (!store)
        return store.error();
    mirror::HttpSource source(
        {.metadata = arguments.metadata_url, .targets = arguments.target_base_url},
        {.allow_http = true}
    );
    auto client = refreshed(*store, source);
    if (!client)
        return client.error();
    for (auto const& name : arguments.target_names)
        if (auto done = download(*client, name, arguments.target_dir); !done)
            return done;
    return {};
}

int finish(base::Result<void> const& result) {
    if (result)
        return 0;
    std::fprintf(stderr, "%s\n", base::describe(result.error()).c_str());
    return 1;
}

int run(int count, char** values) {
    Arguments arguments;
    CLI::App app("A TUF client for tuf-conformance", "livepatchd-tuf-client");
    app.add_option("--metadata-dir", arguments.metadata_dir)->required();
    app.add_option("--metadata-url", arguments.metadata_url);
    app.add_option("--target-name", arguments.target_names)->allow_extra_args(false);
    app.add_option("--target-base-url", arguments.target_base_url);
    app.add_option("--target-dir", arguments.target_dir);
    auto* const first = app.add_subcommand("init", "trust a root");
    first->add_option("root", arguments.trusted_root)->required();
    auto* const refresh = app.add_subcommand("refresh", "update the top-level metadata");
    app.add_subcommand("download", "update, then fetch the targets that are named");
    app.require_subcommand(1);
    try {
        app.parse(count, values);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    ::curl_global_init(CURL_GLOBAL_DEFAULT);
    if (first->parsed())
        return finish(init(arguments));
    if (refresh->parsed())
        arguments.target_names.clear();
    return finish(update(arguments));
}

} // namespace

int main(int count, char** values) {
    try {
        return run(count, values);
    } catch (std::exception const& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
