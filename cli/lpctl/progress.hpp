// A transition on its way, for somebody who waits for it.
#pragma once

#include "base/patch_state.hpp"
#include "lpctl/terminal.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

namespace livepatch::lpctl {

struct Movement {
    std::string name;
    base::PatchState state = base::PatchState::absent;
    std::optional<std::uint32_t> tasks = {}; // remaining, where known
    std::chrono::milliseconds elapsed{0};
};

// "lp_x: enabling, 3 tasks remaining, 12 s"
std::string movement_text(Movement const& movement);

// On a terminal one line that is drawn over and over; elsewhere a line when the state changes and
// one every ten seconds.
class Progress {
public:
    Progress(std::ostream& err, Terminal const& terminal) : err_(err), terminal_(terminal) {}

    Progress(Progress const&) = delete;
    Progress& operator=(Progress const&) = delete;

    ~Progress() { clear(); }

    void show(Movement const& movement);
    // Takes the line away, for whatever is to be printed instead.
    void clear();

private:
    void draw(Movement const& movement);
    void tell(Movement const& movement);

    std::ostream& err_;
    Terminal terminal_;
    bool drawn_ = false;
    std::size_t turns_ = 0;
    std::string told_name_ = {};
    base::PatchState told_state_ = base::PatchState::absent;
    std::chrono::milliseconds told_at_{0};
};

} // namespace livepatch::lpctl
