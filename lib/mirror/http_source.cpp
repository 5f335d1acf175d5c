#include "mirror/http_source.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "trust/tuf/file_name.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <curl/curl.h>
#include <optional>
#include <utility>

namespace livepatch::mirror {

namespace {

constexpr long least_speed = 1024;
constexpr std::size_t bytes_a_second = std::size_t{16} * 1024;
constexpr long ok = 200;
constexpr long partial = 206;
constexpr long unchanged = 304;
constexpr long beyond_the_end = 416;
constexpr auto longest_pause = std::chrono::hours(24); // that a server may ask for
constexpr std::size_t longest_error_page = std::size_t{16} * 1024;
constexpr std::size_t longest_head = std::size_t{64} * 1024;

bool means_not_there(long status) {
    return status == 404 || status == 403 || status == 410;
}

// Of a target's path: all but the slashes.
std::string encoded_path(std::string const& path) {
    std::string encoded;
    for (auto const component : base::split(path, '/'))
        encoded += (encoded.empty() ? "" : "/") + trust::tuf::percent_encoded(component);
    return encoded;
}

long status_of(CURL* curl) {
    long status = 0;
    ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

// One transfer, as libcurl's callbacks see it.
struct Transfer {
    CURL* curl = nullptr;
    trust::tuf::Source::Sink const* sink = nullptr;
    std::uint64_t start = 0;   // from which byte on it is wanted
    std::uint64_t skipped = 0; // of a server that sends all
    std::uint64_t of_no_interest = 0;
    std::size_t head = 0; // bytes before the content
    std::string etag = {};
    std::optional<base::Error> refused = {}; // by the sink
};

bool take_bytes(Transfer& transfer, std::span<std::byte const> bytes) {
    auto const status = status_of(transfer.curl);
    // What a page of an error says is of no interest; a short one is taken all the same, since
    // libcurl gives up the connection otherwise.
    if (status != ok && status != partial) {
        transfer.of_no_interest += bytes.size();
        return transfer.of_no_interest <= longest_error_page;
    }
    if (status == ok && transfer.skipped < transfer.start) {
        auto const skip = std::min<std::uint64_t>(transfer.start - transfer.skipped, bytes.size());
        transfer.skipped += skip;
        bytes = bytes.subspan(static_cast<std::size_t>(skip));
    }
    if (bytes.empty())
        return true;
    auto taken = (*transfer.sink)(bytes);
    if (!taken)
        transfer.refused = std::move(taken).error();
    return !transfer.refused;
}

// libcurl ends the transfer when fewer bytes were taken than there are.
std::size_t take(char* data, std::size_t /*one*/, std::size_t size, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    return take_bytes(transfer, std::as_bytes(std::span(data, size))) ? size : 0;
}

std::size_t take_header(char* data, std::size_t /*one*/, std::size_t size, void* context) {
    constexpr std::string_view name = "etag:";
    auto& transfer = *static_cast<Transfer*>(context);
    transfer.head += size;
    if (transfer.head > longest_head)
        return 0;
    std::string_view const line(data, size);
    bool const is_etag =
        line.size() > name.size() &&
        std::equal(name.begin(), name.end(), line.begin(), [](char wanted, char c) {
            return wanted == std::tolower(static_cast<unsigned char>(c));
        });
    if (is_etag)
        transfer.etag = base::trimmed(line.substr(name.size()));
    return size;
}

base::Error failed(std::string subject, std::string cause, base::Errc code = base::Errc::failed) {
    return {.code = code, .subject = std::move(subject), .cause = std::move(cause), .remedy = {}};
}

class Headers {
public:
    Headers() = default;
    Headers(Headers const&) = delete;
    Headers& operator=(Headers const&) = delete;

    ~Headers() { ::curl_slist_free_all(list_); }

    void add(std::string const& line) { list_ = ::curl_slist_append(list_, line.c_str()); }

    curl_slist* list() const { return list_; }

private:
    curl_slist* list_ = nullptr;
};

// libcurl takes 0 for no limit at all.
std::chrono::seconds seconds_until(HttpSource::Patience const& patience) {
    auto const left = patience.until - std::chrono::steady_clock::now();
    return std::max(
        std::chrono::seconds(1), std::chrono::duration_cast<std::chrono::seconds>(left)
    );
}

} // namespace

struct HttpSource::Handle {
    Handle() : curl(::curl_easy_init()) {}

    Handle(Handle const&) = delete;
    Handle& operator=(Handle const&) = delete;

    ~Handle() { ::curl_easy_cleanup(curl); }

    // What all transfers have in common; connections stay.
    void prepare(Way const& way, Patience const& patience, std::size_t limit) {
        auto const seconds_in_all = std::min(
            patience.in_all + std::chrono::seconds(limit / bytes_a_second), seconds_until(patience)
        );
        ::curl_easy_reset(curl);
        ::curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
        ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, way.allow_http ? "http,https" : "https");
        ::curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
        ::curl_easy_setopt(curl, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
        if (!way.proxy.empty())
            ::curl_easy_setopt(curl, CURLOPT_PROXY, way.proxy.c_str());
        if (!way.ca_file.empty())
            ::curl_easy_setopt(curl, CURLOPT_CAINFO, way.ca_file.c_str());
        ::curl_easy_setopt(curl, CURLOPT_USERAGENT, "livepatchd/" LIVEPATCHD_VERSION);
        ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        ::curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, patience.to_connect.count());
        ::curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, least_speed);
        ::curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, patience.below_least_speed.count());
        ::curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds_in_all.count());
        ::curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(limit));
        ::curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error.data());
        error[0] = '\0';
    }

    std::string reason(CURLcode code) const {
        return error[0] != '\0' ? error.data() : ::curl_easy_strerror(code);
    }

    std::optional<std::chrono::seconds> retry_after() const {
        curl_off_t seconds = 0;
        ::curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
        if (seconds <= 0)
            return std::nullopt;
        return std::min<std::chrono::seconds>(std::chrono::seconds(seconds), longest_pause);
    }

    CURL* curl;
    std::array<char, CURL_ERROR_SIZE> error{};
};

HttpSource::Urls HttpSource::below(std::string url) {
    while (url.ends_with('/'))
        url.pop_back();
    return {.metadata = url + "/metadata", .targets = url + "/targets"};
}

HttpSource::HttpSource(Urls urls, Way way, Patience patience)
    : urls_(std::move(urls)),
      way_(std::move(way)),
      patience_(patience),
      handle_(std::make_unique<Handle>()) {}

HttpSource::~HttpSource() = default;

std::string HttpSource::locate(Name const& name) const {
    return base::shown_url(url_of(name));
}

std::string HttpSource::url_of(Name const& name) const {
    bool const is_metadata = name.area == Area::metadata;
    auto base = is_metadata ? urls_.metadata : urls_.targets;
    if (!base.ends_with('/'))
        base += '/';
    return base + (is_metadata ? name.path : encoded_path(name.path));
}

base::Result<HttpSource::Answer> HttpSource::fetch(Request const& request, Sink const& sink) {
    return fetch_from(0, request, sink);
}

base::Result<HttpSource::Answer>
HttpSource::fetch_from(std::uint64_t start, Request const& request, Sink const& sink) {
    auto const url = url_of(request.name);
    auto const shown = locate(request.name);
    auto* const curl = handle_->curl;
    if (curl == nullptr)
        return failed(shown, "libcurl cannot be used");
    Transfer transfer{.curl = curl, .sink = &sink, .start = start};
    Headers headers;
    bool const is_conditional = request.may_be_unchanged && !known_etag_.empty();
    if (is_conditional)
        headers.add("If-None-Match: " + known_etag_);
    auto const range = std::to_string(start) + '-';
    handle_->prepare(way_, patience_, request.limit);
    ::curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    if (start != 0)
        ::curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());
    ::curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list());
    ::curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    ::curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
    ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    retry_after_.reset();
    auto const code = ::curl_easy_perform(curl);
    auto const status = status_of(curl);
    if (transfer.refused)
        return *std::move(transfer.refused);
    if (is_conditional && status == unchanged)
        return Answer::unchanged;
    if (means_not_there(status))
        return failed(shown, "HTTP status " + std::to_string(status), base::Errc::not_found);
    if (status == beyond_the_end && start != 0)
        return failed(shown, "more of it is here than the server has", base::Errc::limits_exceeded);
    if (status != 0 && status != ok && !(status == partial && start != 0)) {
        retry_after_ = handle_->retry_after();
        auto error = failed(shown, "HTTP status " + std::to_string(status));
        if (status >= 300 && status < 400)
            error.remedy = "redirections are not followed: give the URL where the repository lies";
        return error;
    }
    if (code == CURLE_FILESIZE_EXCEEDED)
        return failed(
            shown,
            "longer than " + std::to_string(request.limit) + " bytes",
            base::Errc::limits_exceeded
        );
    if (code != CURLE_OK)
        return failed(shown, handle_->reason(code));
    if (request.may_be_unchanged)
        etag_ = transfer.etag;
    return Answer::content;
}

} // namespace livepatch::mirror
