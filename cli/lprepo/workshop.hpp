// A publisher's repository and keys, opened as the options say.
#pragma once

#include "lprepo/context.hpp"
#include "lprepo/options.hpp"
#include "publish/publication.hpp"

#include <memory>
#include <optional>
#include <string>

namespace livepatch::lprepo {

struct Workshop {
    publish::Tree tree;
    publish::KeyChain keys;

    // With the keys where init put them, and those named.
    static base::Result<std::unique_ptr<Workshop>>
    open(Context const& context, CommonOptions const& options);

    base::Result<publish::Publication> publication(Context const& context);
};

// Exit 4: what is to be published lacks signatures.
Failure
lacks_signatures(std::string const& directory, publish::Publication::Waiting const& waiting);

} // namespace livepatch::lprepo
