#include "http_source.hpp"

#include "base/text.hpp"
#include "trust/tuf/file_name.hpp"

#include <array>
#include <curl/curl.h>
#include <optional>
#include <utility>

namespace livepatch::conformance {

namespace {

constexpr long least_speed = 1024;
constexpr std::size_t bytes_a_second = std::size_t{16} * 1024;
constexpr long ok = 200;

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

// One transfer, as libcurl's callback sees it.
struct Transfer {
    CURL* curl = nullptr;
    trust::tuf::Source::Sink const* sink = nullptr;
    std::optional<base::Error> refused; // by the sink
};

long status_of(CURL* curl) {
    long status = 0;
    ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

// libcurl ends the transfer when fewer bytes were taken than there are.
std::size_t take(char* data, std::size_t /*one*/, std::size_t size, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    if (status_of(transfer.curl) != ok)
        return 0; // what a page of an error says is of no interest
    auto taken = (*transfer.sink)(std::as_bytes(std::span(data, size)));
    if (taken)
        return size;
    transfer.refused = std::move(taken).error();
    return 0;
}

base::Error failed(std::string subject, std::string cause, base::Errc code = base::Errc::failed) {
    return {.code = code, .subject = std::move(subject), .cause = std::move(cause), .remedy = {}};
}

} // namespace

struct HttpSource::Handle {
    Handle() : curl(::curl_easy_init()) {}

    Handle(Handle const&) = delete;
    Handle& operator=(Handle const&) = delete;

    ~Handle() { ::curl_easy_cleanup(curl); }

    CURL* curl;
    std::array<char, CURL_ERROR_SIZE> error{};
};

HttpSource::HttpSource(Urls urls) : HttpSource(std::move(urls), Patience()) {}

HttpSource::HttpSource(Urls urls, Patience patience)
    : urls_(std::move(urls)),
      patience_(patience),
      handle_(std::make_unique<Handle>()) {}

HttpSource::~HttpSource() = default;

std::string HttpSource::locate(Name const& name) const {
    bool const is_metadata = name.area == Area::metadata;
    auto base = is_metadata ? urls_.metadata : urls_.targets;
    if (!base.ends_with('/'))
        base += '/';
    return base + (is_metadata ? name.path : encoded_path(name.path));
}

base::Result<HttpSource::Answer> HttpSource::fetch(Request const& request, Sink const& sink) {
    auto const url = locate(request.name);
    auto* const curl = handle_->curl;
    if (curl == nullptr)
        return failed(url, "libcurl cannot be used");
    Transfer transfer{.curl = curl, .sink = &sink, .refused = {}};
    auto const seconds_in_all =
        patience_.in_all + std::chrono::seconds(request.limit / bytes_a_second);
    ::curl_easy_reset(curl); // connections stay
    ::curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    ::curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    ::curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    ::curl_easy_setopt(curl, CURLOPT_USERAGENT, "livepatchd/" LIVEPATCHD_VERSION);
    ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, patience_.to_connect.count());
    ::curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, least_speed);
    ::curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, patience_.below_least_speed.count());
    ::curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds_in_all.count());
    ::curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.limit));
    ::curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, handle_->error.data());
    ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    handle_->error[0] = '\0';
    auto const code = ::curl_easy_perform(curl);
    auto const status = status_of(curl);
    if (transfer.refused)
        return *std::move(transfer.refused);
    if (means_not_there(status))
        return failed(url, "HTTP status " + std::to_string(status), base::Errc::not_found);
    if (status != 0 && status != ok)
        return failed(url, "HTTP status " + std::to_string(status));
    if (code == CURLE_FILESIZE_EXCEEDED)
        return failed(
            url,
            "longer than " + std::to_string(request.limit) + " bytes",
            base::Errc::limits_exceeded
        );
    if (code != CURLE_OK)
        return failed(
            url, handle_->error[0] != '\0' ? handle_->error.data() : ::curl_easy_strerror(code)
        );
    return Answer::content;
}

} // namespace livepatch::conformance
