#include "fetch/voice.hpp"

#include "base/text.hpp"

#include <array>
#include <ostream>
#include <string_view>

namespace livepatch::fetch {

namespace {

// syslog(3)
constexpr int error = 3;
constexpr int warning = 4;
constexpr int information = 6;

constexpr auto to_start_and_clear = "\r\033[K";

} // namespace

void Voice::say(std::string const& line) {
    write(out_, information, line);
}

void Voice::warn(std::string const& line) {
    write(err_, warning, line);
}

void Voice::fail(std::string const& line) {
    write(err_, error, line);
}

void Voice::write(std::ostream& stream, int priority, std::string const& line) {
    wipe();
    if (style_.is_journal)
        stream << '<' << priority << '>';
    stream << base::escaped(line) << '\n' << std::flush;
}

void Voice::progress(std::string const& what, std::uint64_t bytes, std::uint64_t of) {
    if (!style_.is_terminal || of == 0)
        return;
    auto const percent =
        static_cast<int>(static_cast<double>(bytes) * 100 / static_cast<double>(of));
    if (percent == shown_ && what == shown_of_)
        return;
    shown_ = percent;
    shown_of_ = what;
    err_ << to_start_and_clear << base::escaped(what) << "  " << percent << " % of "
         << size_text(of) << std::flush;
}

void Voice::wipe() {
    if (shown_ >= 0)
        err_ << to_start_and_clear << std::flush;
    shown_ = -1;
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 4> units{"B", "KiB", "MiB", "GiB"};
    std::size_t unit = 0;
    while (bytes >= 10'240 && unit + 1 < units.size()) {
        bytes = (bytes + 512) / 1024;
        ++unit;
    }
    return std::to_string(bytes) + ' ' + std::string(units.at(unit));
}

} // namespace livepatch::fetch
