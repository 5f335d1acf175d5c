#include "engine/state_file.hpp"

#include "base/atomic_file.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"

#include <nlohmann/json.hpp>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <unistd.h>

namespace livepatch::engine {

namespace {

using Json = nlohmann::ordered_json;

constexpr int schema = 3;
// The first was without explicit holds, pins, the pause, and what a load record says of the stack
// order; the second without quarantines, verdicts, and what the crash guard has to know.
constexpr int oldest_schema = 1;
constexpr std::size_t max_size = std::size_t{8} * 1024 * 1024;
constexpr std::array<std::string_view, 5> stage_names{
    "intended", "loaded", "enabled", "reverting", "replaced"};
constexpr std::array<std::string_view, 3> replace_names{"no", "yes", "unknown"};
constexpr std::array<std::string_view, 3> cause_names{"crash", "harm", "stall"};

std::int64_t seconds(Time time) {
    return std::chrono::system_clock::to_time_t(time);
}

Time time_from(Json const& json) {
    return std::chrono::system_clock::from_time_t(json.get<std::int64_t>());
}

Stage stage_from(std::string const& word) {
    auto const found = std::find(stage_names.begin(), stage_names.end(), word);
    // A word of a later version: what is there was loaded by us, and that is what matters.
    return found == stage_names.end() ? Stage::loaded
                                      : static_cast<Stage>(found - stage_names.begin());
}

module::Replace replace_from(std::string const& word) {
    auto const found = std::find(replace_names.begin(), replace_names.end(), word);
    return found == replace_names.end()
               ? module::Replace::unknown
               : static_cast<module::Replace>(found - replace_names.begin());
}

Json to_json(std::vector<repository::SystemState> const& states) {
    auto list = Json::array();
    for (auto const& state : states)
        list.push_back({{"id", state.id}, {"version", state.version}});
    return list;
}

std::vector<repository::SystemState> states_from(Json const& json) {
    std::vector<repository::SystemState> states;
    for (auto const& state : json)
        states.push_back({state.at("id"), state.at("version")});
    return states;
}

Json to_json(LoadRecord const& load) {
    return {
        {"name", load.name},
        {"id", load.id},
        {"sha256", load.sha256},
        {"build_id", load.build_id},
        {"source", load.source},
        {"signer", load.signer},
        {"boot_id", load.boot_id},
        {"stage", stage_names.at(static_cast<std::size_t>(load.stage))},
        {"at", seconds(load.at)},
        {"replaced_by", load.replaced_by},
        {"file", load.file},
        {"priority", load.priority},
        {"replace", replace_names.at(static_cast<std::size_t>(load.replace))},
        {"kernel", load.kernel},
        {"machine_id", load.machine_id},
        {"proving", load.proving},
        {"first", load.first},
        {"outdated", load.outdated},
        {"states", to_json(load.states)},
        {"reversible", load.reversible},
    };
}

LoadRecord load_from(Json const& json) {
    return {
        .name = json.at("name"),
        .id = json.at("id"),
        .sha256 = json.at("sha256"),
        .build_id = json.at("build_id"),
        .source = json.at("source"),
        .signer = json.at("signer"),
        .boot_id = json.at("boot_id"),
        .stage = stage_from(json.at("stage")),
        .at = time_from(json.at("at")),
        .replaced_by = json.at("replaced_by"),
        .file = json.value("file", ""),
        .priority = json.value("priority", 50),
        .replace = replace_from(json.value("replace", "unknown")),
        .kernel = json.value("kernel", ""),
        .machine_id = json.value("machine_id", ""),
        .proving = json.value("proving", false),
        .first = json.value("first", false),
        .outdated = json.value("outdated", false),
        .states = states_from(json.value("states", Json::array())),
        .reversible = json.value("reversible", true),
    };
}

Json to_json(Hold const& hold) {
    return {
        {"id", hold.id},
        {"sha256", hold.sha256},
        {"name", hold.name},
        {"reason", hold.reason},
        {"since", seconds(hold.since)}};
}

Hold hold_from(Json const& json) {
    return {
        .id = json.value("id", ""),
        .sha256 = json.at("sha256"),
        .name = json.at("name"),
        .reason = json.at("reason"),
        .since = time_from(json.at("since")),
    };
}

Json to_json(Pin const& pin) {
    return {
        {"name", pin.name},
        {"id", pin.id},
        {"sha256", pin.sha256},
        {"source", pin.source},
        {"file", pin.file},
        {"lineage", pin.lineage},
        {"since", seconds(pin.since)}};
}

Pin pin_from(Json const& json) {
    return {
        .name = json.at("name"),
        .id = json.at("id"),
        .sha256 = json.at("sha256"),
        .source = json.at("source"),
        .file = json.at("file"),
        .lineage = json.at("lineage"),
        .since = time_from(json.at("since")),
    };
}

// A word of a later version: the heaviest.
Quarantine::Cause cause_from(std::string const& word) {
    auto const found = std::find(cause_names.begin(), cause_names.end(), word);
    return found == cause_names.end() ? Quarantine::Cause::harm
                                      : static_cast<Quarantine::Cause>(found - cause_names.begin());
}

Json to_json(Quarantine const& quarantine) {
    return {
        {"sha256", quarantine.sha256},
        {"name", quarantine.name},
        {"id", quarantine.id},
        {"cause", cause_names.at(static_cast<std::size_t>(quarantine.cause))},
        {"reason", quarantine.reason},
        {"boot_id", quarantine.boot_id},
        {"since", seconds(quarantine.since)},
        {"evidence", quarantine.evidence}};
}

Quarantine quarantine_from(Json const& json) {
    return {
        .sha256 = json.at("sha256"),
        .name = json.at("name"),
        .id = json.at("id"),
        .cause = cause_from(json.at("cause")),
        .reason = json.at("reason"),
        .boot_id = json.at("boot_id"),
        .since = time_from(json.at("since")),
        .evidence = json.at("evidence"),
    };
}

Json to_json(GoodVerdict const& verdict) {
    return {
        {"sha256", verdict.sha256},
        {"kernel", verdict.kernel},
        {"since", seconds(verdict.since)},
        {"name", verdict.name},
        {"id", verdict.id},
        {"source", verdict.source},
        {"file", verdict.file},
        {"priority", verdict.priority},
        {"replace", replace_names.at(static_cast<std::size_t>(verdict.replace))},
        {"outdated", verdict.outdated},
        {"states", to_json(verdict.states)}};
}

GoodVerdict verdict_from(Json const& json) {
    return {
        .sha256 = json.at("sha256"),
        .kernel = json.at("kernel"),
        .since = time_from(json.at("since")),
        .name = json.value("name", ""),
        .id = json.value("id", ""),
        .source = json.value("source", ""),
        .file = json.value("file", ""),
        .priority = json.value("priority", 50),
        .replace = replace_from(json.value("replace", "unknown")),
        .outdated = json.value("outdated", false),
        .states = states_from(json.value("states", Json::array()))};
}

Json to_json(std::optional<Pause> const& pause) {
    if (!pause)
        return nullptr;
    return {{"reason", pause->reason}, {"since", seconds(pause->since)}};
}

std::optional<Pause> pause_from(Json const& json) {
    if (json.is_null())
        return std::nullopt;
    return Pause{.reason = json.at("reason"), .since = time_from(json.at("since"))};
}

template <class T>
Json list_of(std::vector<T> const& values) {
    auto list = Json::array();
    for (auto const& value : values)
        list.push_back(to_json(value));
    return list;
}

Json seen_to_json(std::map<std::string, Time> const& seen) {
    auto object = Json::object();
    for (auto const& [sha256, since] : seen)
        object[sha256] = seconds(since);
    return object;
}

Json to_json(State const& state) {
    return {
        {"loads", list_of(state.loads)},
        {"holds", list_of(state.holds)},
        {"pins", list_of(state.pins)},
        {"pause", to_json(state.pause)},
        {"quarantines", list_of(state.quarantines)},
        {"good", list_of(state.good)},
        {"seen", seen_to_json(state.seen)},
        {"unclean_boots", state.unclean_boots},
        {"boot_loop", state.boot_loop},
        {"judged_boot", state.judged_boot},
        {"lost", state.lost},
        {"damage", state.damage}};
}

State state_from(Json const& json, int written_as) {
    State state;
    for (auto const& load : json.at("loads"))
        state.put(load_from(load));
    for (auto const& hold : json.at("holds"))
        state.put(hold_from(hold));
    if (written_as == oldest_schema)
        return state;
    for (auto const& pin : json.at("pins"))
        state.pins.push_back(pin_from(pin));
    state.pause = pause_from(json.at("pause"));
    state.lost = json.value("lost", false);
    state.damage = json.value("damage", "");
    if (written_as < schema)
        return state;
    for (auto const& quarantine : json.at("quarantines"))
        state.put(quarantine_from(quarantine));
    for (auto const& verdict : json.at("good"))
        state.put(verdict_from(verdict));
    for (auto const& [sha256, since] : json.at("seen").items())
        state.seen.emplace(sha256, time_from(since));
    state.unclean_boots = json.at("unclean_boots");
    state.boot_loop = json.at("boot_loop");
    state.judged_boot = json.at("judged_boot");
    return state;
}

// Names and reasons may hold anything; what is no UTF-8 must not make it impossible to save.
std::string text_of(Json const& json, int indent = -1) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

bool is_missing(base::Error const& error) {
    return error.os_error == ENOENT;
}

} // namespace

StateFile::StateFile(std::filesystem::path directory) : directory_(std::move(directory)) {}

std::filesystem::path StateFile::path() const {
    return directory_ / "state.json";
}

std::filesystem::path StateFile::previous_path() const {
    return directory_ / "state.json.previous";
}

base::Result<State> StateFile::read(std::filesystem::path const& path) {
    auto const text = base::read_file(path, max_size);
    if (!text)
        return text.error();
    auto const damaged = [&](std::string cause) {
        return base::Error{
            .code = base::Errc::failed,
            .subject = path.string(),
            .cause = std::move(cause),
            .remedy = {}};
    };
    try {
        auto const json = Json::parse(text.value());
        int const written_as = json.at("schema");
        if (written_as < oldest_schema || written_as > schema)
            return damaged("written by another version");
        auto const& content = json.at("state");
        if (json.at("sha256") != base::sha256(text_of(content)))
            return damaged("its checksum does not match");
        generation_ = json.at("generation");
        return state_from(content, written_as);
    } catch (Json::exception const& error) {
        return damaged(error.what());
    }
}

StateFile::Loaded StateFile::load() {
    auto const current = read(path());
    if (!current && !is_missing(current.error()))
        set_aside(current.error());
    return current ? Loaded{.state = *current, .problem = {}} : without(current.error());
}

StateFile::Loaded StateFile::look() {
    auto current = read(path());
    return current ? Loaded{.state = *std::move(current), .problem = {}} : without(current.error());
}

StateFile::Loaded StateFile::without(base::Error const& error) {
    auto previous = read(previous_path());
    if (is_missing(error) && !previous && is_missing(previous.error()))
        return {};
    auto const said = base::describe(error);
    if (previous)
        return {*std::move(previous), said + "; using the previous generation"};
    Loaded nothing{.state = {}, .problem = said + "; starting without holds and records"};
    nothing.state.lost = true;
    return nothing;
}

// For a human; if even that fails the next save overwrites it. What the disk would not give may be
// whole: it stays where it is, and gets a second name that no save takes away.
void StateFile::set_aside(base::Error const& error) const {
    bool const damaged = error.os_error == 0 || error.os_error == EFBIG;
    if (damaged) {
        ::rename(path().c_str(), (directory_ / "state.json.damaged").c_str());
        return;
    }
    auto const unread = directory_ / "state.json.unread";
    ::unlink(unread.c_str());
    if (::link(path().c_str(), unread.c_str()) != 0)
        ::rename(path().c_str(), unread.c_str()); // no hard links here, or no file at all
}

// By way of a second name, so that there is a whole file under one of the two names at any moment,
// also when the present one was damaged and has been set aside. A file system without hard links
// has no previous generation.
void StateFile::keep_previous() const {
    auto const aside = directory_ / ".state.json.previous.new";
    ::unlink(aside.c_str());
    if (::link(path().c_str(), aside.c_str()) == 0)
        ::rename(aside.c_str(), previous_path().c_str());
    ::unlink(aside.c_str()); // left over where both names were one file already
}

base::Result<void> StateFile::save(State const& state) {
    auto const content = to_json(state);
    Json const json{
        {"schema", schema},
        {"generation", generation_ + 1},
        {"sha256", base::sha256(text_of(content))},
        {"state", content},
    };
    keep_previous();
    auto written =
        base::replace_file(path(), text_of(json, 2) + '\n', 0600, base::Durability::power_cut);
    if (written)
        ++generation_;
    return written;
}

std::optional<base::Error> StateFile::not_persistent() const {
    constexpr std::array<unsigned long, 2> volatile_types{0x01021994, 0x858458f6}; // tmpfs, ramfs
    struct statfs status = {};
    if (::statfs(directory_.c_str(), &status) != 0)
        return base::system_error(directory_.string(), "cannot examine", errno);
    auto const type = static_cast<unsigned long>(status.f_type) & 0xffffffffUL;
    if (std::find(volatile_types.begin(), volatile_types.end(), type) == volatile_types.end())
        return std::nullopt;
    return base::Error{
        .code = base::Errc::failed,
        .subject = directory_.string(),
        .cause = "lies in memory and is lost at reboot",
        .remedy = "put it on a disk"};
}

} // namespace livepatch::engine
