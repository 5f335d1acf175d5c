// Repositories of others: in a directory, or on a web server.
#pragma once

#include "base/result.hpp"
#include "lprepo/options.hpp"
#include "mirror/http_source.hpp"
#include "trust/tuf/document.hpp"
#include "trust/tuf/source.hpp"

#include <memory>
#include <string>

namespace livepatch::lprepo {

std::unique_ptr<mirror::HttpSource> web_source(std::string const& url, WebOptions const& options);

std::unique_ptr<trust::tuf::Source>
source_of(std::string const& directory_or_url, WebOptions const& options);

// The root.json to begin with: what hosts were given, in `file`; else the oldest of the repository
// itself, which says nothing about whose it is.
base::Result<trust::tuf::Document> anchor_of(trust::tuf::Source& source, std::string const& file);

} // namespace livepatch::lprepo
