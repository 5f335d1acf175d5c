#include "lprepo/reading.hpp"

#include "base/file.hpp"
#include "trust/tuf/download.hpp"
#include "trust/tuf/limits.hpp"
#include "trust/tuf/tree_source.hpp"

#include <cerrno>

namespace livepatch::lprepo {

namespace {

bool is_url(std::string const& place) {
    return place.find("://") != std::string::npos && !place.starts_with("file://");
}

} // namespace

std::unique_ptr<mirror::HttpSource> web_source(std::string const& url, WebOptions const& options) {
    return std::make_unique<mirror::HttpSource>(
        mirror::HttpSource::below(url),
        mirror::HttpSource::Way{
            .allow_http = options.allow_http, .proxy = options.proxy, .ca_file = options.ca_file}
    );
}

std::unique_ptr<trust::tuf::Source>
source_of(std::string const& directory_or_url, WebOptions const& options) {
    if (is_url(directory_or_url))
        return web_source(directory_or_url, options);
    constexpr std::string_view scheme = "file://";
    return std::make_unique<trust::tuf::TreeSource>(
        directory_or_url.starts_with(scheme) ? directory_or_url.substr(scheme.size())
                                             : directory_or_url
    );
}

base::Result<trust::tuf::Document> anchor_of(trust::tuf::Source& source, std::string const& file) {
    trust::tuf::Limits const limits;
    if (file.empty()) {
        auto first = trust::tuf::download(source, "1.root.json", {}, limits.root);
        if (!first && first.error().code == base::Errc::not_found) {
            auto error = std::move(first).error();
            error.remedy = "name the root.json that hosts have with --root";
            return error;
        }
        return first;
    }
    auto bytes = base::read_file(file, limits.root);
    if (bytes)
        return trust::tuf::Document{.subject = file, .bytes = *std::move(bytes)};
    auto error = std::move(bytes).error();
    if (error.os_error == ENOENT)
        error.code = base::Errc::not_found;
    return error;
}

} // namespace livepatch::lprepo
