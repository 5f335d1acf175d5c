#include "fetch/source_fetch.hpp"

#include "base/atomic_file.hpp"
#include "base/directory.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "repository/anchor.hpp"
#include "repository/trust_reset.hpp"
#include "repository/tuf_repository.hpp"
#include "trust/tuf/limits.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::fetch {

namespace tuf = trust::tuf;
using namespace std::chrono_literals;

namespace {

constexpr int rounds = 3;
constexpr std::chrono::seconds first_pause{10}; // at most, and twice as long the next time
constexpr std::chrono::seconds longest_pause{120};
constexpr std::chrono::seconds for_showing_it{120};

// Beside metadata/ and targets/, which are the mirror; who reads that does not look there.
std::filesystem::path own(mirror::MirrorTree const& tree) {
    return tree.root() / ".fetch";
}

base::Error in_words_of_repository(base::Error error, std::string const& url) {
    if (error.code == base::Errc::not_found) {
        error.code = base::Errc::unreachable;
        error.remedy = "there is no repository at " + base::shown_url(url) + ": is the url right?";
    }
    return error;
}

std::optional<base::Error> unusable(std::string const& url, bool allow_http) {
    if (url.starts_with("https://") || allow_http)
        return std::nullopt;
    return base::Error{
        .code = base::Errc::invalid_argument,
        .subject = base::shown_url(url),
        .cause = "is not https://, and allow_http is not set",
        .remedy = "use https://, or add allow_http = true: all is signed, but others on the way "
                  "see which kernel this host runs"};
}

} // namespace

SourceFetch::SourceFetch(repository::Source const& source, Fetcher const& fetcher, Voice& voice)
    : source_(source),
      fetcher_(fetcher),
      voice_(voice),
      book_(ServerBook::load(source.path / ".fetch/servers.json")),
      errand_{
          .source = source.name,
          .anchor = {},
          .tree = mirror::MirrorTree(source.path),
          .kernels = fetcher.kernels,
          .arch = repository::arch_of(fetcher.host),
          .host =
              {.machine_id = fetcher.host.machine_id,
               .repository = source.name,
               .ring = source.ring},
          .max_size = 0},
      until_(std::chrono::steady_clock::now() + fetcher.for_one_source) {}

// What others have is theirs.
std::uint64_t SourceFetch::room() const {
    std::uint64_t taken = 0;
    auto const names = base::list_directory(fetcher_.mirrors);
    for (auto const& name : names ? *names : std::vector<std::string>())
        if (name != source_.name)
            taken += mirror::MirrorTree(fetcher_.mirrors / name).size();
    return fetcher_.max_size - std::min(taken, fetcher_.max_size);
}

// What was accepted before, unless an administrator has had the trust reset since.
base::Result<tuf::Store> SourceFetch::open_store() {
    auto const state = own(errand_.tree);
    tuf::Store::Paths const paths{.metadata = state / "metadata", .memory = state / "state.json"};
    auto store = tuf::Store::open(paths);
    if (!store)
        return store;
    auto const reset = repository::TrustReset(fetcher_.host.resets).newest(source_.name);
    auto const followed = base::read_file(state / "reset");
    if (reset == (followed ? *followed : std::string()))
        return store;
    if (auto forgotten = repository::TufRepository::forget(state); !forgotten)
        return forgotten.error();
    store = tuf::Store::open(paths);
    if (!store)
        return store;
    constexpr auto durability = base::Durability::power_cut;
    if (auto noted = base::replace_file(state / "reset", reset, 0644, durability); !noted)
        return noted.error();
    voice_.say(source_.name + ": forgot what it had of it before: the trust in it was reset");
    return store;
}

base::Result<void> SourceFetch::run() {
    auto anchor = repository::read_anchor(source_.root);
    if (!anchor)
        return anchor.error();
    auto store = open_store();
    if (!store)
        return store.error();
    errand_.anchor = *std::move(anchor);
    errand_.max_size = room();
    book_.keep(source_.web->urls);
    auto fetched = fetch(*store);
    if (auto saved = book_.save(); !saved && fetched)
        return saved;
    return fetched;
}

base::Result<void> SourceFetch::fetch(tuf::Store& store) {
    for (int round = 0;; ++round) {
        if (visit_all(store))
            return {};
        bool const is_the_last =
            is_hopeless_ || !may_pass_ || is_out_of_time() || round + 1 == rounds;
        if (is_the_last || !pause(round))
            break;
    }
    // What is signed and here is shown, and that the rest is lacking as well: among it may be that
    // something must not be loaded any more.
    until_ = std::chrono::steady_clock::now() + for_showing_it;
    if (!is_hopeless_ && !incomplete_at_.empty() && !rests_until(incomplete_at_))
        if (visit(incomplete_at_, store, IfIncomplete::publish))
            return {};
    return *failure_;
}

bool SourceFetch::visit_all(tuf::Store& store) {
    failure_.reset();
    may_pass_ = false;
    for (auto const& url : source_.web->urls) {
        if (auto const until = rests_until(url)) {
            note(
                {.code = base::Errc::busy,
                 .subject = base::shown_url(url),
                 .cause = "wants to be left alone until " + base::rfc3339(*until),
                 .remedy = {}}
            );
            may_pass_ = true;
            continue;
        }
        if (visit(url, store, IfIncomplete::leave))
            return true;
        if (is_hopeless_ || is_out_of_time())
            return false;
    }
    return false;
}

bool SourceFetch::visit(std::string const& url, tuf::Store& store, IfIncomplete if_incomplete) {
    auto const& way = *source_.web;
    if (auto problem = unusable(url, way.allow_http)) {
        note(*std::move(problem));
        return false;
    }
    auto patience = fetcher_.patience;
    patience.until = until_;
    mirror::HttpSource web(
        mirror::HttpSource::below(url),
        {.allow_http = way.allow_http, .proxy = way.proxy, .ca_file = way.ca_file},
        patience
    );
    if (auto const known = store.load("timestamp", tuf::Limits().timestamp))
        web.know_etag(book_.etag(url, known->bytes));
    auto visit = Visit::begin(
        errand_,
        {.store = store,
         .web = web,
         .now = now(),
         .voice = voice_,
         .let_readers_end = fetcher_.let_readers_end}
    );
    if (!visit) {
        rest(url, web);
        note(in_words_of_repository(visit.error(), url));
        return false;
    }
    remember_etag(url, web, store);
    visit->bring();
    rest(url, web);
    for (auto const& lack : visit->lacks())
        note(lack.error);
    if (visit->lacks_what_others_may_have() && if_incomplete == IfIncomplete::leave) {
        if (incomplete_at_.empty())
            incomplete_at_ = url;
        return false;
    }
    bool const published = publish(*visit);
    rest(url, web); // it loads, too
    return published;
}

// Whether all is well then; if not, nobody else could do better.
bool SourceFetch::publish(Visit& visit) {
    if (auto published = visit.publish(); !published) {
        note(published.error());
        return false;
    }
    is_hopeless_ = !visit.lacks().empty();
    return !is_hopeless_;
}

// What will pass says less than what will not.
void SourceFetch::note(base::Error error) {
    bool const passes = may_pass(error) || error.code == base::Errc::busy;
    is_hopeless_ = is_hopeless_ || error.os_error != 0;
    may_pass_ = may_pass_ || passes;
    voice_.warn(source_.name + ": " + base::describe(error));
    bool const says_more =
        !failure_ || (!passes && (may_pass(*failure_) || failure_->code == base::Errc::busy));
    if (says_more)
        failure_ = std::move(error);
}

void SourceFetch::rest(std::string const& url, mirror::HttpSource const& web) {
    if (auto const time = web.retry_after())
        book_.rest(url, now() + *time);
}

void SourceFetch::remember_etag(
    std::string const& url, mirror::HttpSource const& web, tuf::Store const& store
) {
    auto const timestamp = store.load("timestamp", tuf::Limits().timestamp);
    if (timestamp && !web.etag().empty())
        book_.remember(url, web.etag(), timestamp->bytes);
}

std::optional<Time> SourceFetch::rests_until(std::string const& url) const {
    return book_.rests_until(url, now());
}

// Full jitter: anything from no time at all to the whole of it. When all servers want to be left
// alone, until the first one does not.
bool SourceFetch::pause(int round) {
    auto const most = std::min(first_pause * (1 << round), longest_pause);
    auto wait = std::chrono::duration_cast<std::chrono::seconds>(most * fetcher_.chance());
    auto const& urls = source_.web->urls;
    bool const all_rest =
        std::ranges::all_of(urls, [&](auto const& url) { return rests_until(url).has_value(); });
    if (all_rest) {
        auto first = Time::max();
        for (auto const& url : urls)
            first = std::min(first, rests_until(url).value_or(now()));
        wait += first - now();
    }
    if (wait > longest_pause)
        return false;
    voice_.say(source_.name + ": trying again in " + std::to_string(wait.count()) + " s");
    fetcher_.sleep(wait);
    return true;
}

} // namespace livepatch::fetch
