#include "support/tuf_bench.hpp"

#include "base/file.hpp"
#include "trust/tuf/file_name.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

namespace livepatch::support {

namespace {

std::string path_of(trust::tuf::Source::Name const& name) {
    bool const is_metadata = name.area == trust::tuf::Source::Area::metadata;
    return (is_metadata ? "metadata/" : "targets/") + name.path;
}

} // namespace

std::string ScriptedSource::locate(Name const& name) const {
    return "repo/" + path_of(name);
}

base::Result<trust::tuf::Source::Answer>
ScriptedSource::fetch(Request const& request, Sink const& sink) {
    auto const path = path_of(request.name);
    requests.push_back(path);
    if (auto const script = scripts.find(path); script != scripts.end())
        return script->second(request, sink);
    auto const file = files_->find(path);
    if (file == files_->end()) {
        return base::Error{
            .code = base::Errc::not_found,
            .subject = locate(request.name),
            .cause = "no such file",
            .remedy = {}};
    }
    // In pieces, as they come off a wire.
    auto bytes = std::as_bytes(std::span(file->second));
    while (!bytes.empty()) {
        auto const piece = bytes.first(std::min<std::size_t>(bytes.size(), 100));
        if (auto taken = sink(piece); !taken)
            return taken.error();
        bytes = bytes.subspan(piece.size());
    }
    return Answer::content;
}

base::Result<trust::tuf::Client> TufBench::refreshed() {
    store.reset();
    auto opened = trust::tuf::Store::open(paths());
    if (!opened)
        return opened.error();
    store.emplace(std::move(*opened));
    return trust::tuf::Client::refreshed(
        {.subject = "anchor.json", .bytes = anchor},
        {.store = *store, .source = source, .now = now, .limits = limits}
    );
}

std::string TufBench::refresh() {
    auto const client = refreshed();
    return client ? "ok" : base::describe(client.error());
}

base::Error TufBench::failure() {
    auto const client = refreshed();
    if (client)
        throw std::runtime_error("a refresh succeeded that must not");
    return client.error();
}

std::string TufBench::fetch(std::string const& path) {
    auto client = refreshed();
    if (!client)
        return base::describe(client.error());
    auto const target = client->find(path);
    if (!target)
        return base::describe(target.error());
    std::string got;
    auto const done = client->fetch(*target, [&](std::span<std::byte const> bytes) {
        got.append(reinterpret_cast<char const*>(bytes.data()), bytes.size());
        return base::Result<void>();
    });
    return done ? got : base::describe(done.error());
}

trust::tuf::Store::Paths TufBench::paths() const {
    return {
        .metadata = directory.path() / "repos/corp/metadata",
        .memory = directory.path() / "repos/corp/state.json"};
}

int TufBench::stored(std::string const& role) const {
    auto const bytes =
        base::read_file(paths().metadata / trust::tuf::file_name(role), std::size_t{1} << 24U);
    return bytes ? nlohmann::json::parse(*bytes).at("signed").at("version").get<int>() : 0;
}

std::string TufBench::stored() const {
    std::string all;
    for (auto const* role : {"root", "timestamp", "snapshot", "targets"})
        all += (all.empty() ? "" : " ") + std::to_string(stored(role));
    return all;
}

std::vector<std::string> TufBench::take_requests() {
    return std::exchange(source.requests, {});
}

} // namespace livepatch::support
