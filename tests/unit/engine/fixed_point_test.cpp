// Whatever sources offer, admins say and other tools do: the daemon comes to rest, and no digest is
// loaded over and over. plan() and settle() on a kernel that is nothing but an observation.
#include "engine/pins.hpp"
#include "engine/selection.hpp"
#include "engine/settle.hpp"
#include "support/catch.hpp"
#include "world_builder.hpp"

#include <algorithm>
#include <map>
#include <random>

using namespace livepatch;
using namespace livepatch::engine;
using base::PatchState;
using module::Replace;

namespace {

class Host {
public:
    WorldBuilder world;
    std::map<std::string, bool> cumulative; // what a module really is
    std::map<std::string, int> loads;       // since the last rest, by name
    bool twice_for_nothing = false;         // a digest was loaded again since the last rest
    std::string log;                        // since the last rest
    std::vector<std::string> errors;        // of requests, since the last rest
    bool long_memory = false;               // all that was enabled since the last rest is fresh
    bool shows_replace = false;             // as kernels from 6.11 on

    void
    offer(std::string const& source, std::string const& name, Replace replace, int priority = 50) {
        world.offer_from(source, name, replace).priority = priority;
        cumulative.try_emplace(name, replace == Replace::yes);
        sort_offers();
    }

    // Until nothing is left to do; false when that does not come.
    bool rest() {
        loads.clear();
        errors.clear();
        log.clear();
        order_.clear();
        twice_for_nothing = false;
        fresh_.clear();
        for (int steps = 0; steps < 200; ++steps) {
            look();
            auto const actions = world.actions();
            if (actions.empty())
                return true;
            carry_out(actions.front());
        }
        return false;
    }

    void foreign_load(std::string const& name, bool replace) {
        cumulative[name] = replace;
        insert(name);
        look();
        check_one_change();
        end_transition(name);
        look();
    }

    void foreign_disable(std::string const& name) {
        set(name, PatchState::disabling);
        look();
        check_one_change();
        set(name, PatchState::disabled);
        look();
    }

    void restart() { before_.reset(); }

    void reboot() {
        world.observed.patches.clear();
        world.state.loads.clear(); // as Engine::start
        restart();
    }

    bool is_enabled(std::string const& name) const {
        auto const* patch = world.observed.find(name);
        return patch != nullptr && patch->state == PatchState::enabled;
    }

    int all_loads() const {
        int all = 0;
        for (auto const& [name, count] : loads)
            all += count;
        return all;
    }

private:
    void sort_offers() {
        auto& offers = world.catalogue.offers;
        std::stable_sort(offers.begin(), offers.end(), [](auto const& left, auto const& right) {
            if (left.priority != right.priority)
                return left.priority > right.priority;
            if (left.source != right.source)
                return left.source < right.source;
            return is_later(file_of(right), file_of(left));
        });
    }

    void look() {
        std::set<std::string, std::less<>> fresh = fresh_;
        if (!before_) // a daemon that just started knows of nothing for how long it was there
            for (auto const& patch : world.observed.patches)
                fresh.insert(patch.name);
        settle(
            world.state,
            {.before = before_ ? &*before_ : nullptr,
             .now = world.observed,
             .catalogue = world.catalogue,
             .boot_id = "boot",
             .in_flight = {},
             .fresh = fresh,
             .time = {}}
        );
        before_ = world.observed;
    }

    // The kernel takes one change at a time: while it moves, it can be turned round, and what is
    // out be cleaned up.
    void check_one_change() const {
        auto const* moving = world.observed.transition();
        REQUIRE(moving != nullptr);
        for (auto const& action : world.actions()) {
            INFO(action.name << " is planned while " << moving->name << " moves");
            bool const begins = action.kind == Action::Kind::load;
            bool const turns =
                action.kind == Action::Kind::disable || action.kind == Action::Kind::enable;
            REQUIRE_FALSE(begins);
            REQUIRE((!turns || action.name == moving->name));
        }
    }

    void carry_out(Action const& action) {
        switch (action.kind) {
        case Action::Kind::load:
            return load(action);
        case Action::Kind::disable:
            if (auto* record = world.state.find_load(action.name, "boot"))
                record->stage = Stage::reverting;
            finish(action);
            return foreign_disable(action.name);
        case Action::Kind::remove:
            std::erase_if(world.observed.patches, [&](auto const& patch) {
                return patch.name == action.name;
            });
            return;
        case Action::Kind::finish:
            if (action.error)
                errors.push_back(describe(*action.error));
            return finish(action);
        case Action::Kind::enable:
            return; // nothing is left in transition here
        }
    }

    void load(Action const& action) {
        auto const offer = *action.offer;
        REQUIRE(world.observed.find(offer.name()) == nullptr); // EEXIST
        REQUIRE(world.state.find_quarantine(offer.sha256) == nullptr);
        REQUIRE_FALSE(world.catalogue.taken_back.contains(offer.sha256));
        REQUIRE((action.request != 0 || !world.not_yet.contains(offer.sha256)));
        twice_for_nothing = twice_for_nothing || (loads.contains(offer.name()) && !put_back(offer));
        ++loads[offer.name()];
        order_.push_back(offer);
        log += "load " + offer.name() + (cumulative.at(offer.name()) ? " (cumulative), " : ", ");
        world.state.put(LoadRecord{
            .name = offer.name(),
            .id = offer.id,
            .sha256 = offer.sha256,
            .build_id = {},
            .source = offer.source,
            .signer = {},
            .boot_id = "boot",
            .stage = Stage::loaded,
            .at = {},
            .replaced_by = {},
            .file = file_of(offer),
            .priority = offer.priority,
            .replace = offer.module.replace});
        if (action.request != 0)
            repin(world.state, offer, action.pin, Time());
        finish(action);
        insert(offer.name());
        look();
        check_one_change();
        end_transition(offer.name());
        look();
    }

    // The one good cause: what belongs below it was loaded after it, and replaced it.
    bool put_back(repository::Offer const& offer) const {
        bool cause = false;
        for (auto const& other : order_) {
            if (other.name() == offer.name())
                cause = false;
            else if (other.source == offer.source && is_later(file_of(offer), file_of(other)))
                cause = cause || cumulative.at(other.name());
        }
        return cause;
    }

    void finish(Action const& action) {
        std::erase_if(world.requests, [&](auto const& request) {
            return request.id == action.request;
        });
    }

    void insert(std::string const& name) {
        world.see(name, PatchState::enabling).replace =
            shows_replace ? std::optional(cumulative.at(name)) : std::nullopt;
        sort_observed();
        if (!long_memory)
            fresh_.clear();
        fresh_.insert(name);
    }

    void end_transition(std::string const& name) {
        if (cumulative.at(name))
            for (auto& patch : world.observed.patches)
                if (patch.state == PatchState::enabled)
                    patch.state = PatchState::disabled;
        set(name, PatchState::enabled);
    }

    void set(std::string const& name, PatchState state) {
        for (auto& patch : world.observed.patches)
            if (patch.name == name) {
                patch.state = state;
                patch.transition = in_transition(state);
            }
    }

    void sort_observed() {
        auto& patches = world.observed.patches;
        std::sort(patches.begin(), patches.end(), [](auto const& left, auto const& right) {
            return left.name < right.name;
        });
    }

    std::optional<kernel::Observation> before_ = kernel::Observation();
    std::set<std::string, std::less<>> fresh_;
    std::vector<repository::Offer> order_; // of the loads since the last rest
};

// A host to which things happen.
class RandomHost : public Host {
public:
    explicit RandomHost(unsigned seed) : random_(seed) {
        long_memory = one_in(2);
        shows_replace = one_in(3);
        world.mode = one_in(6) ? report::Mode::manual : report::Mode::automatic;
    }

    // What it was, in words.
    std::string happen() {
        auto const name = any_name();
        switch (pick(18)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return new_offer();
        case 4:
            std::erase_if(world.catalogue.offers, [&](auto const& one) {
                return one.name() == name;
            });
            if (one_in(2)) // by a publisher who says so, for good
                world.catalogue.taken_back.emplace(
                    WorldBuilder::digest(name), repository::Withdrawal{}
                );
            return "withdrawn " + name;
        case 5:
            world.hold(name);
            ask(Request::Kind::revert, name);
            return "revert " + name;
        case 6:
        case 7:
            world.state.drop_hold(WorldBuilder::digest(name));
            ask(Request::Kind::apply, name);
            return "apply " + name;
        case 8:
            world.hold_all(name);
            return "hold " + name;
        case 9:
            std::erase_if(world.state.holds, [&](auto const& hold) { return hold.name == name; });
            std::erase_if(world.state.pins, [&](auto const& pin) { return pin.name == name; });
            world.state.drop_quarantine(WorldBuilder::digest(name));
            return "unhold " + name;
        case 10:
            foreign_load("foreign_" + std::to_string(++foreign_), one_in(2));
            return "foreign load";
        case 11:
            if (is_enabled(name))
                foreign_disable(name);
            return "foreign disable " + name;
        case 12:
            reboot();
            return "reboot";
        case 13:
            world.quarantine(name);
            return "harm of " + name;
        case 14:
            world.prove(name);
            return "proof of " + name;
        case 15:
            if (world.not_yet.erase(WorldBuilder::digest(name)) == 0)
                world.not_yet[WorldBuilder::digest(name)] = "later";
            return "delay of " + name;
        case 16:
            if (world.restore.erase(WorldBuilder::digest(name)) == 0)
                world.restore.insert(WorldBuilder::digest(name));
            return "restore " + name;
        default:
            restart();
            return "restart";
        }
    }

private:
    std::string new_offer() {
        static constexpr int priorities[] = {50, 60, 50};
        auto const source = pick(3);
        auto const name =
            std::string(1, static_cast<char>('a' + source)) + "_" + std::to_string(pick(6));
        for (auto const& one : world.catalogue.offers)
            if (one.name() == name)
                return "nothing";
        auto const replace = static_cast<Replace>(pick(3));
        cumulative.try_emplace(
            name, replace == Replace::unknown ? one_in(2) : replace == Replace::yes
        );
        // One name is one module: what it is does not change when it comes back.
        auto const known = kinds_.try_emplace(name, replace).first->second;
        offer(name.substr(0, 1), name, known, priorities[source]);
        return "offer " + name;
    }

    void ask(Request::Kind kind, std::string const& name) {
        auto& request = world.request(kind, name);
        request.id = ++requests_;
        request.replace_unmanaged = one_in(3);
    }

    std::string any_name() {
        auto const& offers = world.catalogue.offers;
        return offers.empty()
                   ? "a_0"
                   : offers[static_cast<std::size_t>(pick(static_cast<int>(offers.size())))].name();
    }

    bool one_in(int count) { return pick(count) == 0; }

    int pick(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }

    std::minstd_rand random_;
    std::map<std::string, Replace> kinds_;
    int foreign_ = 0;
    unsigned requests_ = 0;
};

} // namespace

TEST_CASE("two sources each with a cumulative patch: a fixed point after one load") {
    Host host;
    host.offer("a", "a_1", Replace::yes);
    host.offer("b", "b_1", Replace::yes);
    CHECK(host.rest());
    CHECK(host.loads == std::map<std::string, int>{{"a_1", 1}});
    for (int i = 0; i < 3; ++i) {
        host.restart();
        CHECK(host.rest());
        CHECK(host.all_loads() == 0);
    }
    host.reboot();
    CHECK(host.rest());
    CHECK(host.loads == std::map<std::string, int>{{"a_1", 1}});
}

TEST_CASE("what may be cumulative, and is, comes to rest as well: the newest is left") {
    Host host;
    for (auto const* name : {"a_1", "a_2", "a_3"})
        host.cumulative[name] = true;
    host.offer("a", "a_1", Replace::unknown);
    host.offer("a", "a_3", Replace::unknown);
    CHECK(host.rest());
    CHECK(host.is_enabled("a_3"));
    CHECK(host.all_loads() == 2);
    host.offer("a", "a_2", Replace::unknown); // comes late, and is put back into its place
    CHECK(host.rest());
    CHECK(host.is_enabled("a_3"));
    CHECK_FALSE(host.is_enabled("a_2"));
    CHECK(host.loads == std::map<std::string, int>{{"a_2", 1}, {"a_3", 1}});
    CHECK(host.rest());
    CHECK(host.all_loads() == 0);
}

TEST_CASE("a cumulative patch that comes late leaves what belongs on top of it in the kernel") {
    Host host;
    host.offer("a", "a_3", Replace::no);
    CHECK(host.rest());
    host.offer("a", "a_2", Replace::yes);
    host.offer("a", "a_1", Replace::no);
    CHECK(host.rest());
    CHECK(host.loads == std::map<std::string, int>{{"a_2", 1}, {"a_3", 1}});
    CHECK((host.is_enabled("a_2") && host.is_enabled("a_3") && !host.is_enabled("a_1")));
}

TEST_CASE("what was replaced stays out when what replaced it is replaced") {
    Host host;
    host.long_memory = GENERATE(true, false);
    host.offer("a", "a_1", Replace::no);
    host.cumulative["a_2"] = true;
    CHECK(host.rest());
    host.offer("a", "a_2", Replace::unknown);
    CHECK(host.rest());
    host.cumulative["a_3"] = true;
    host.offer("a", "a_3", Replace::unknown);
    CHECK(host.rest());
    CHECK(host.loads == std::map<std::string, int>{{"a_3", 1}});
    host.restart();
    CHECK(host.rest());
    CHECK(host.all_loads() == 0);
}

TEST_CASE("an older cumulative patch on request stays, and over a reboot") {
    Host host;
    host.offer("a", "a_1", Replace::yes);
    host.offer("a", "a_2", Replace::yes);
    CHECK(host.rest());
    CHECK(host.is_enabled("a_2"));
    host.world.request(Request::Kind::apply, "a_1");
    CHECK(host.rest());
    CHECK(host.loads == std::map<std::string, int>{{"a_1", 1}});
    host.offer("a", "a_3", Replace::yes);
    CHECK(host.rest());
    CHECK(host.all_loads() == 0);
    host.reboot();
    CHECK(host.rest());
    CHECK(host.loads == std::map<std::string, int>{{"a_1", 1}});
    host.world.state.pins.clear(); // Unhold
    CHECK(host.rest());
    CHECK(host.loads == std::map<std::string, int>{{"a_3", 1}});
}

TEST_CASE("whatever happens, it comes to rest and loads nothing twice") {
    for (unsigned seed = 1; seed <= 500; ++seed) {
        RandomHost host(seed);
        std::string story;
        for (int i = 0; i < 25; ++i) {
            story += host.happen() + "; ";
            INFO("seed " << seed << ": " << story);
            bool const rested = host.rest();
            INFO(host.log);
            REQUIRE(rested);
            REQUIRE_FALSE(host.twice_for_nothing);
            REQUIRE(host.all_loads() <= 2 * std::ssize(host.world.catalogue.offers));
            REQUIRE(host.world.requests.empty());
            // Nothing of what is in the kernel is wanted anew, whoever looks.
            host.restart();
            REQUIRE(host.rest());
            REQUIRE(host.all_loads() == 0);
        }
    }
}
