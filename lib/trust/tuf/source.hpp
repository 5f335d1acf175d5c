// Where the bytes of a repository come from.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace livepatch::trust::tuf {

// Two kinds: a directory, and a web server. Nothing they say is believed.
class Source {
public:
    enum class Area { metadata, targets };

    struct Name {
        Area area = Area::metadata;
        std::string path; // a file name that is percent-encoded already, or a target's path
    };

    enum class Answer {
        content,
        // It is as it was when the last refresh from here succeeded, says the server; only for a
        // file that is asked for with may_be_unchanged. Its expiry is looked at all the same.
        unchanged,
    };

    struct Request {
        Name name;
        std::size_t limit = 0; // more bytes are refused anyway, so there is no need to bring them
        bool may_be_unchanged = false;
    };

    using Sink = std::function<base::Result<void>(std::span<std::byte const>)>;

    Source() = default;
    Source(Source const&) = delete;
    Source& operator=(Source const&) = delete;
    virtual ~Source() = default;

    // Its path or URL, for errors.
    virtual std::string locate(Name const& name) const = 0;

    // Hands the bytes to `sink` in their order, and ends with its error when it has one. not_found:
    // there is no such file. Bytes may have gone to the sink before another error.
    virtual base::Result<Answer> fetch(Request const& request, Sink const& sink) = 0;
};

} // namespace livepatch::trust::tuf
