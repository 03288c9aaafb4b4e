#include "entra/curl_client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <stdexcept>

#include "config/secret_file.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::size_t most_headers = 200;

struct EasyDeleter {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct ListDeleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

HeaderList header_list(const std::vector<Header>& headers) {
    HeaderList list;
    for (const Header& header : headers) {
        // Appends in place; only the first one makes a new list.
        curl_slist* head = curl_slist_append(list.get(), fmt::format("{}: {}", header.name, header.value).c_str());
        if (head == nullptr) {
            throw std::bad_alloc{};
        }
        if (!list) {
            list.reset(head);
        }
    }
    return list;
}

/// Forgets a request's options, whose values die with it. Connections, sessions and names stay.
class Reset {
  public:
    explicit Reset(CURL* handle) noexcept : handle_(handle) {}
    Reset(const Reset&) = delete;
    Reset& operator=(const Reset&) = delete;
    ~Reset() { curl_easy_reset(handle_); }

  private:
    CURL* handle_;
};

/// What the callbacks write into.
struct Transfer {
    Response response;
    std::size_t max_body_bytes = 0;
    bool too_large = false;
    const std::stop_token* stop = nullptr;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) noexcept {
    auto& transfer = *static_cast<Transfer*>(context);
    if (size > transfer.max_body_bytes - transfer.response.body.size()) {
        transfer.too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    try {
        transfer.response.body.append(data, size);
    } catch (const std::bad_alloc&) {
        transfer.too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    return size;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    return text;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) {
        transfer.response.headers.clear();  // of an interim answer
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
        if (transfer.response.headers.size() >= most_headers) {
            transfer.too_large = true;
            return CURL_WRITEFUNC_ERROR;
        }
        transfer.response.headers.push_back(
            {std::string{line.substr(0, colon)}, std::string{trimmed(line.substr(colon + 1))}});
    }
    return size;
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    return static_cast<Transfer*>(context)->stop->stop_requested() ? 1 : 0;
}

HttpFailure failure_of(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return HttpFailure::resolve;
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_PROXY:
            return HttpFailure::proxy;
        case CURLE_OPERATION_TIMEDOUT:
            return HttpFailure::timeout;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return HttpFailure::tls;
        case CURLE_PARTIAL_FILE:
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
            return HttpFailure::broken;
        case CURLE_ABORTED_BY_CALLBACK:
            return HttpFailure::stopped;
        default:
            return HttpFailure::connect;
    }
}

std::string_view mend_for(HttpFailure failure) {
    switch (failure) {
        case HttpFailure::tls:
            return " (set entra.ca_file to the CA that signs for your proxy or private endpoint; verification stays "
                   "on)";
        case HttpFailure::resolve:
            return " (is a proxy needed? entra.proxy, or HTTPS_PROXY in the environment)";
        default:
            return "";
    }
}

/// "host:port" of a URL: what an error may show of it.
std::string host_of(const std::string& url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed) {
        return "an unreadable URL";
    }
    const auto host = parsed->encoded_host_and_port();
    return {host.data(), host.size()};
}

}  // namespace

class CurlClient::Handle {
  public:
    Handle() : easy_(make()) {}

    [[nodiscard]] CURL* get() const noexcept { return easy_.get(); }

    template <typename Value>
    void set(CURLoption option, Value value) {
        if (const CURLcode code = curl_easy_setopt(easy_.get(), option, value); code != CURLE_OK) {
            throw std::runtime_error(
                fmt::format("libcurl refuses option {}: {}", static_cast<int>(option), curl_easy_strerror(code)));
        }
    }

  private:
    static CURL* make() {
        static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
        CURL* handle = started == CURLE_OK ? curl_easy_init() : nullptr;
        if (handle == nullptr) {
            throw std::runtime_error("libcurl can't be initialised");
        }
        return handle;
    }
    std::unique_ptr<CURL, EasyDeleter> easy_;
};

CurlClient::CurlClient(CurlSettings settings) : settings_(std::move(settings)), handle_(std::make_unique<Handle>()) {}

CurlClient::~CurlClient() = default;

namespace {

/// User and password go as options of their own: in the URL, an empty password there would win over the file's.
struct ProxyAccess {
    std::string url;
    std::string user;
    config::Secret password;
};

std::expected<ProxyAccess, HttpError> proxy_access(const CurlSettings& settings) {
    ProxyAccess access{.url = settings.proxy, .user = {}, .password = {}};
    if (auto parsed = boost::urls::parse_uri(settings.proxy); parsed && parsed->has_userinfo()) {
        boost::urls::url bare = *parsed;
        access.user = bare.user();
        access.password = config::Secret{bare.password()};
        bare.remove_userinfo();
        access.url = {bare.data(), bare.size()};
    }
    if (!settings.proxy_password_file.empty()) {
        auto password = config::read_secret_file(settings.proxy_password_file);
        if (!password) {
            return std::unexpected(HttpError{HttpFailure::proxy, std::move(password.error())});
        }
        access.password = std::move(*password);
    }
    return access;
}

}  // namespace

void CurlClient::describe(const Request& request, const void* headers) {
    Handle& curl = *handle_;
    curl.set(CURLOPT_URL, request.url.c_str());
    curl.set(CURLOPT_HTTPHEADER, headers);
    curl.set(CURLOPT_USERAGENT, "keysyncd");
    curl.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl.set(CURLOPT_ACCEPT_ENCODING, "");  // all that libcurl can decode
    if (request.method == Method::post) {
        curl.set(CURLOPT_POST, 1L);
        curl.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl.set(CURLOPT_POSTFIELDS, request.body.data());
    }
}

void CurlClient::guard(const Request& request) {
    Handle& curl = *handle_;
    curl.set(CURLOPT_PROTOCOLS_STR, request.route == Route::direct ? "http,https" : "https");
    curl.set(CURLOPT_FOLLOWLOCATION, 0L);
    curl.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl.set(CURLOPT_SSL_VERIFYPEER, 1L);
    curl.set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!settings_.ca_file.empty()) {
        curl.set(CURLOPT_CAINFO, settings_.ca_file.c_str());
        curl.set(CURLOPT_PROXY_CAINFO, settings_.ca_file.c_str());
    }
    const long deadline = static_cast<long>(request.deadline.count());
    curl.set(CURLOPT_TIMEOUT_MS, deadline);
    curl.set(CURLOPT_CONNECTTIMEOUT_MS, std::min(deadline, 15'000L));
    curl.set(CURLOPT_LOW_SPEED_LIMIT, 16L);  // bytes a second, over
    curl.set(CURLOPT_LOW_SPEED_TIME, 30L);   // seconds
    curl.set(CURLOPT_NOSIGNAL, 1L);
    curl.set(CURLOPT_QUICK_EXIT, 1L);  // don't wait for a resolver thread when stopped
}

std::expected<void, HttpError> CurlClient::choose_proxy(const Request& request) {
    Handle& curl = *handle_;
    if (request.route == Route::direct) {
        curl.set(CURLOPT_NOPROXY, "*");
        return {};
    }
    curl.set(CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_ANY));
    curl.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (settings_.proxy.empty()) {
        return {};
    }
    auto access = proxy_access(settings_);
    if (!access) {
        return std::unexpected(std::move(access.error()));
    }
    curl.set(CURLOPT_PROXY, access->url.c_str());
    if (!access->user.empty()) {
        curl.set(CURLOPT_PROXYUSERNAME, access->user.c_str());
        // A Secret ends with NUL. NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage)
        curl.set(CURLOPT_PROXYPASSWORD, access->password.expose().data());
    }
    return {};
}

std::expected<Response, HttpError> CurlClient::send(const Request& request, const std::stop_token& stop) {
    if (stop.stop_requested()) {
        return std::unexpected(HttpError{HttpFailure::stopped, "stopped"});
    }
    Transfer transfer;
    transfer.max_body_bytes = request.max_body_bytes;
    transfer.stop = &stop;
    std::array<char, CURL_ERROR_SIZE> words{};
    const HeaderList headers = header_list(request.headers);
    Handle& curl = *handle_;
    const Reset reset{curl.get()};
    describe(request, headers.get());
    guard(request);
    if (auto chosen = choose_proxy(request); !chosen) {
        return std::unexpected(std::move(chosen.error()));
    }
    curl.set(CURLOPT_WRITEFUNCTION, &on_body);
    curl.set(CURLOPT_WRITEDATA, &transfer);
    curl.set(CURLOPT_HEADERFUNCTION, &on_header);
    curl.set(CURLOPT_HEADERDATA, &transfer);
    curl.set(CURLOPT_NOPROGRESS, 0L);
    curl.set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    curl.set(CURLOPT_XFERINFODATA, &transfer);
    curl.set(CURLOPT_ERRORBUFFER, words.data());
    const CURLcode code = curl_easy_perform(curl.get());
    if (code == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
        transfer.response.status = static_cast<int>(status);
        return std::move(transfer.response);
    }
    const std::string host = host_of(request.url);
    if (transfer.too_large) {
        return std::unexpected(HttpError{HttpFailure::too_large,
                                         fmt::format("{}: the answer is over {} bytes", host, request.max_body_bytes)});
    }
    long connect_status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_HTTP_CONNECTCODE, &connect_status);
    if (connect_status != 0 && connect_status / 100 != 2) {
        return std::unexpected(HttpError{
            HttpFailure::proxy,
            fmt::format(
                "{}: the proxy refused the connection with HTTP {}{}", host, connect_status,
                connect_status == 407 ? " (check the user in entra.proxy and entra.proxy_password_file)" : "")});
    }
    const HttpFailure failure = failure_of(code);
    const std::string_view said = words[0] == '\0' ? curl_easy_strerror(code) : words.data();
    return std::unexpected(HttpError{failure, fmt::format("{}: {}{}", host, said, mend_for(failure))});
}

}  // namespace keysyncd::entra
