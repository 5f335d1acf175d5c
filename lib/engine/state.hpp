// What has to be remembered beyond the kernel's own memory: what we loaded, and what an admin wants
// left alone. Written to state.json before the kernel is touched.
#pragma once

#include "module/livepatch_module.hpp"
#include "repository/patch_entry.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::engine {

using Time = std::chrono::system_clock::time_point;

// How far a load of ours has come.
enum class Stage {
    intended,  // about to load; after a crash this tells what was tried
    loaded,    // the kernel accepted it, its transition ran when last seen
    enabled,   // its transition had ended
    reverting, // somebody asked us to take it out
    replaced,  // a cumulative patch took its place
};

struct LoadRecord {
    std::string name; // module name
    std::string id;
    std::string sha256;
    std::string build_id; // the module's; "" = it has none
    std::string source;
    std::string signer;
    std::string boot_id; // the boot in which it was loaded
    Stage stage = Stage::intended;
    Time at;                 // when it was loaded
    std::string replaced_by; // module name, with Stage::replaced
    // Its place in the stack order, which counts also when no source offers it any more.
    std::string file = {}; // a bare module's file name, or the place that a catalogue gives it
    int priority = 0;      // its source's
    module::Replace replace = module::Replace::unknown;
    // For the crash guard, and for the next boot.
    std::string kernel = {};     // the vmlinux it went into: see kernel_of()
    std::string machine_id = {}; // the host it was tried on; a disk may be cloned
    // From the intent until it has come through its probation, or its boot was judged.
    bool proving = false;
    // No verdict was good yet for this digest on this kernel when it was tried.
    bool first = false;
    // The trust in its repository was reset since: what is published there now is not older.
    bool outdated = false;
    // As its publisher said when it was loaded; his newer word counts more.
    std::vector<repository::SystemState> states = {};
    bool reversible = true;
};

// What came through its probation once: a crash is never guessed to be its fault. It may be wanted
// again when its source has something newer only: for that the rest.
struct GoodVerdict {
    std::string sha256;
    std::string kernel;
    Time since;
    std::string name = {}; // module name
    std::string id = {};
    std::string source = {};
    std::string file = {}; // as in LoadRecord
    int priority = 50;
    module::Replace replace = module::Replace::unknown;
    bool outdated = false; // as in LoadRecord
    std::vector<repository::SystemState> states = {};
};

// Why a digest is not loaded any more.
struct Quarantine {
    enum class Cause {
        crash, // the machine went down while this was the newest that was not proved
        harm,  // the kernel complained of its code
        stall, // its transition did not end, several times; until the next boot
    };

    std::string sha256;
    std::string name; // module name
    std::string id;
    Cause cause = Cause::crash;
    std::string reason;  // one sentence for people
    std::string boot_id; // in which it happened
    Time since;
    std::vector<std::string> evidence = {}; // the kernel's own lines
};

// Keeps patches from being loaded by themselves.
struct Hold {
    // "": put there by a revert, or because another tool took the patch out; of one digest, and an
    // apply by name lifts it. Else an admin's own, of all versions: a module name or catalogue id.
    std::string id = {};
    std::string sha256; // with an empty id
    std::string name;   // module name, for people; "" = not known
    std::string reason;
    Time since;
};

// An older version that an admin wants: what is newer is not loaded by itself.
struct Pin {
    std::string name; // module name
    std::string id;
    std::string sha256;
    std::string source;
    std::string file;     // file name: its place in the stack order
    bool lineage = false; // all that comes later in its source is newer, not only its name's
    Time since;
};

struct Pause {
    std::string reason;
    Time since;
};

struct State {
    std::vector<LoadRecord> loads; // at most one a module name and boot, oldest first
    std::vector<Hold> holds;       // at most one a digest, or id
    std::vector<Pin> pins;
    std::optional<Pause> pause;
    std::vector<Quarantine> quarantines; // at most one a digest
    std::vector<GoodVerdict> good;       // at most one a digest and kernel, oldest first
    // When a digest was offered first; kept only while patches are applied with a delay.
    std::map<std::string, Time> seen;
    // The boots before this one, in a row, that ended unclean while a patch was on probation.
    unsigned unclean_boots = 0;
    bool boot_loop = false;  // there were too many of them, and no admin has said "resume" since
    std::string judged_boot; // in which the boots before were judged: once a boot
    // What was remembered before this could not be read, and no admin has said since that it may be
    // forgotten: what is held is not known.
    bool lost = false;
    // What was wrong with the file once, until an admin says "resume": the newest that was
    // remembered may be missing; "" = nothing.
    std::string damage = {};

    LoadRecord* find_load(std::string_view name, std::string_view boot_id);
    LoadRecord const* find_load(std::string_view name, std::string_view boot_id) const;
    Hold const* find_hold(std::string_view sha256) const;
    // An admin's own, of either of the two.
    Hold const* find_hold_of(std::string_view id, std::string_view name) const;
    Pin const* find_pin(std::string_view sha256) const;
    Quarantine const* find_quarantine(std::string_view sha256) const;
    bool is_good(std::string_view sha256, std::string_view kernel) const;

    // Replaces the record of the same name and boot.
    void put(LoadRecord record);
    void drop_load(std::string_view name, std::string_view boot_id);
    // Keeps an existing hold of that digest, or id.
    void put(Hold hold);
    bool drop_hold(std::string_view sha256); // whether there was one
    // Keeps an existing one of that digest, unless that was of a stall and this is not.
    void put(Quarantine quarantine);
    bool drop_quarantine(std::string_view sha256); // whether there was one
    // The oldest is forgotten when there are very many.
    void put(GoodVerdict verdict); // in the place of one for the same digest and kernel
};

// Whether the kernel runs its code, as far as we remember: about to, or on its way, or there.
bool is_in_use(Stage stage);

} // namespace livepatch::engine
