// What lpctl can do: a function a verb, each in a file of its name. They return the exit status, or
// why they failed; the command line prints failures.
#pragma once

#include "lpctl/check_status.hpp"
#include "lpctl/context.hpp"
#include "lpctl/failure.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::lpctl {

struct StatusOptions {
    bool json = false;
    Check check = Check::nothing;
};

Outcome<int> status(Context& context, StatusOptions const& options);

struct ListOptions {
    bool json = false;
    std::string kernel; // its release; "" = the running one
};

Outcome<int> list(Context& context, ListOptions const& options);

struct ShowOptions {
    bool json = false;
    std::string patch;
};

Outcome<int> show(Context& context, ShowOptions const& options);

struct CheckOptions {
    bool json = false;
    std::string patch; // or a file; "" = the host alone
};

Outcome<int> check(Context& context, CheckOptions const& options);

struct BlockersOptions {
    bool json = false;
};

Outcome<int> blockers(Context& context, BlockersOptions const& options);

struct HistoryOptions {
    bool json = false;
    std::string patch;                           // "" = all
    std::chrono::system_clock::time_point since; // the epoch = from the beginning
    std::uint32_t limit = 100;
};

Outcome<int> history(Context& context, HistoryOptions const& options);

struct MonitorOptions {
    bool json = false;
};

Outcome<int> monitor(Context& context, MonitorOptions const& options);

struct VersionOptions {
    bool json = false;
};

Outcome<int> version(Context& context, VersionOptions const& options);

// What the verbs that change something have in common.
struct ChangeOptions {
    bool json = false;
    std::vector<std::string> patches;
    bool all = false;
    bool wait = true;
    std::optional<std::chrono::seconds> timeout = std::chrono::minutes(2); // nothing = no limit
    std::string reason;
    bool dry_run = false;
    bool replace_unmanaged = false;
    bool may_ask = true;
};

Outcome<int> apply(Context& context, ChangeOptions const& options);
Outcome<int> revert(Context& context, ChangeOptions const& options);
Outcome<int> refresh(Context& context, ChangeOptions const& options);
Outcome<int> hold(Context& context, ChangeOptions const& options);
Outcome<int> unhold(Context& context, ChangeOptions const& options);
Outcome<int> pause(Context& context, ChangeOptions const& options);
Outcome<int> resume(Context& context, ChangeOptions const& options);

struct TrustAddOptions {
    bool json = false;
    std::string name;        // of the repository on this host
    std::string url;         // https:// or file://
    bool allow_http = false; // or http://
    std::string root;        // file: its root.json
    std::string fingerprint; // SHA-256 of that file, as its publisher tells it; "" = ask
};

Outcome<int> trust_add(Context& context, TrustAddOptions const& options);

struct TrustListOptions {
    bool json = false;
};

Outcome<int> trust_list(Context& context, TrustListOptions const& options);
Outcome<int> trust_reset(Context& context, ChangeOptions const& options); // of one repository

} // namespace livepatch::lpctl
