// What livepatch-fetch says: lines for a journal, and for somebody who watches how far it is.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace livepatch::fetch {

class Voice {
public:
    struct Style {
        bool is_terminal = false; // what is on its way is shown in a line that is written over
        bool is_journal = false;  // lines begin with their priority, as sd-daemon(3) has it
    };

    // Lines go to `out`, what is wrong and the progress to `err`. Both must outlive it.
    Voice(std::ostream& out, std::ostream& err, Style style)
        : out_(out),
          err_(err),
          style_(style) {}

    // One line each, without its end; control characters are made visible.
    void say(std::string const& line);
    void warn(std::string const& line);
    void fail(std::string const& line);

    // So much of a file is here; nothing without a terminal.
    void progress(std::string const& what, std::uint64_t bytes, std::uint64_t of);

private:
    void write(std::ostream& stream, int priority, std::string const& line);
    void wipe();

    std::ostream& out_; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    std::ostream& err_; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    Style style_;
    int shown_ = -1; // percent; -1 = there is no such line
    std::string shown_of_;
};

// "254 KiB", for people.
std::string size_text(std::uint64_t bytes);

} // namespace livepatch::fetch
