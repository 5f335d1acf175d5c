// A metadata file out of a source.
#pragma once

#include "base/result.hpp"
#include "trust/tuf/content_check.hpp"
#include "trust/tuf/document.hpp"
#include "trust/tuf/source.hpp"

#include <string>

namespace livepatch::trust::tuf {

// The file, if it is as described; at most `limit` bytes. The errors are the source's (not_found
// among them) and ContentCheck's.
base::Result<Document> download(
    Source& source,
    std::string const& file,
    ContentDescription const& description,
    std::size_t limit
);

// A file that changes under its name; nothing = the source says that it has not changed, which it
// may say to those who have one.
base::Result<std::optional<Document>>
download_newest(Source& source, std::string const& file, std::size_t limit, bool have_one);

} // namespace livepatch::trust::tuf
