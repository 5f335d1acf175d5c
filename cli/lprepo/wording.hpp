// What several verbs say in the same words.
#pragma once

#include "lprepo/context.hpp"
#include "publish/publication.hpp"

#include <chrono>
#include <string>

namespace livepatch::lprepo {

// "2026-11-27 22:00 UTC".
std::string moment(publish::Time time);

// "3 patches", "1 patch".
std::string count(std::size_t number, std::string const& noun);

// {"root":{"version":1,"expires":"…"},…}
Json versions_json(publish::Publication const& publication);

// "targets 2, snapshot 5, timestamp 5".
std::string versions_text(publish::Publication const& publication);

} // namespace livepatch::lprepo
