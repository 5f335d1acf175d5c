// What the texts of a catalogue may be made of: they become paths, object paths and lines on
// terminals.
#pragma once

#include <string_view>

namespace livepatch::repository {

bool is_id(std::string_view text);       // 1 to 64 of [A-Za-z0-9._-], no '.' in front
bool is_release(std::string_view text);  // of a kernel, as `uname -r`
bool is_arch(std::string_view text);     // as `uname -m`
bool is_sha256(std::string_view text);   // lower-case hex
bool is_build_id(std::string_view text); // lower-case hex
bool is_severity(std::string_view text);
bool is_object(std::string_view text);   // "vmlinux", or a module
bool is_function(std::string_view text); // also with a suffix of the compiler's
bool is_text(std::string_view text);     // anything, but not too long; never shown as it is
bool is_moment(std::string_view text);   // "2026-01-31T23:59:59Z"
bool is_span(std::string_view text);     // "90s", "5min"
// Of a file below targets/, as a repository names it: no "..", and none of what a shell or a
// terminal could take for something else.
bool is_target_path(std::string_view text);

} // namespace livepatch::repository
