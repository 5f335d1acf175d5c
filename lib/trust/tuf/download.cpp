#include "trust/tuf/download.hpp"

#include <utility>

namespace livepatch::trust::tuf {

namespace {

base::Result<std::optional<Document>>
fetch(Source& source, Source::Request const& request, ContentDescription const& description) {
    Document document{.subject = source.locate(request.name), .bytes = {}};
    ContentCheck check(description, request.limit, document.subject);
    auto const answer = source.fetch(request, [&](std::span<std::byte const> bytes) {
        auto taken = check.append(bytes);
        if (taken)
            document.bytes.append(
                reinterpret_cast<char const*>(bytes.data()), bytes.size()
            ); // NOLINT
        return taken;
    });
    if (!answer)
        return answer.error();
    if (*answer == Source::Answer::unchanged && request.may_be_unchanged)
        return std::optional<Document>();
    if (auto good = check.finish(); !good)
        return good.error();
    return std::optional(std::move(document));
}

} // namespace

base::Result<Document> download(
    Source& source,
    std::string const& file,
    ContentDescription const& description,
    std::size_t limit
) {
    auto document = fetch(
        source,
        {.name = {Source::Area::metadata, file}, .limit = limit, .may_be_unchanged = false},
        description
    );
    if (!document)
        return document.error();
    return std::move(**document);
}

base::Result<std::optional<Document>>
download_newest(Source& source, std::string const& file, std::size_t limit, bool have_one) {
    return fetch(
        source,
        {.name = {Source::Area::metadata, file}, .limit = limit, .may_be_unchanged = have_one},
        {}
    );
}

} // namespace livepatch::trust::tuf
