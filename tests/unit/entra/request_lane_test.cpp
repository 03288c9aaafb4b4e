#include "entra/request_lane.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <vector>

#include "entra/request_history.hpp"

namespace entra = keysyncd::entra;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr entra::Steady now{1h};
const entra::HistoryOwner owner{"tenant client", "boot"};

/// A folder with a lane's file in it, and lanes as two processes would have them.
struct Shared {
    fs::path folder = fs::temp_directory_path() / fmt::format("keysyncd-lane-{}", ::getpid());
    fs::path path = folder / "ledger.db.requests";
    std::vector<std::string> troubles;

    Shared() { fs::create_directories(folder); }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() { fs::remove_all(folder); }

    entra::LaneFile file(bool create, std::string application = "tenant client") {
        return {path, std::move(application), create,
                [this](const std::string& detail) { troubles.push_back(detail); }};
    }
    static void ask(entra::RequestLane& lane, entra::Steady at) {
        lane.use(at, [&](entra::RequestHistory& history) { history.counted.push_back(at); });
    }
    static std::size_t known(entra::RequestLane& lane) {
        std::size_t count = 0;
        lane.use(now, [&](entra::RequestHistory& history) { count = history.counted.size(); });
        return count;
    }
};

}  // namespace

TEST_CASE("request history: survives as text, for its owner and its boot alone") {
    entra::RequestHistory history{{now - 3s, now - 1s, now + 60s}, now + 20s, now + 10s};
    const std::string text = entra::serialize(history, owner);
    CHECK(entra::parse_request_history(text, owner, now) == history);
    CHECK(entra::parse_request_history(entra::serialize({}, owner), owner, now) == entra::RequestHistory{});
    CHECK_FALSE(entra::parse_request_history(text, {"tenant other", "boot"}, now));
    CHECK_FALSE(entra::parse_request_history(text, {"tenant client", "next boot"}, now));
}

TEST_CASE("request history: nonsense is none, and nothing silences for ever") {
    for (const std::string_view text : {"", "{", "[]", "{}", R"({"application":"tenant client","boot":"boot"})",
                                        R"({"application":"tenant client","boot":"boot","counted":{}})"}) {
        CAPTURE(text);
        CHECK_FALSE(entra::parse_request_history(text, owner, now));
    }
    const entra::RequestHistory bad{{now - 1s, now + 1h}, now + 48h, now + 48h};
    const auto read = entra::parse_request_history(entra::serialize(bad, owner), owner, now);
    REQUIRE(read);
    CHECK(*read == entra::RequestHistory{{now - 1s}, entra::Steady::min(), entra::Steady::min()});
}

TEST_CASE("request history: joined, each request is there once and the longer silence counts") {
    const entra::RequestHistory one{{now - 3s, now - 2s}, now + 5s, now + 5s};
    const entra::RequestHistory other{{now - 2s, now - 1s}, now + 7s, entra::Steady::min()};
    CHECK(entra::joined(one, other) == entra::RequestHistory{{now - 3s, now - 2s, now - 1s}, now + 7s, now + 5s});
}

TEST_CASE_FIXTURE(Shared, "request lane: a command beside the daemon and the daemon's next start know its requests") {
    entra::RequestLane daemon{file(true)};
    ask(daemon, now - 2s);
    entra::RequestLane command{file(false)};
    CHECK(known(command) == 1);
    ask(command, now - 1s);
    CHECK(known(daemon) == 2);
    entra::RequestLane restarted{file(true)};
    CHECK(known(restarted) == 2);
    CHECK(troubles.empty());
    struct stat about{};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777U) == 0600U);
}

TEST_CASE_FIXTURE(Shared, "request lane: a command makes no file, and remembers for itself") {
    entra::RequestLane command{file(false)};
    ask(command, now - 1s);
    CHECK(known(command) == 1);
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE_FIXTURE(Shared, "request lane: another application's history, and nonsense, are written over") {
    std::ofstream(path) << std::string(100, 'x');
    entra::RequestLane other{file(true, "tenant other")};
    ask(other, now - 2s);
    entra::RequestLane lane{file(true)};
    CHECK(known(lane) == 0);
    ask(lane, now - 1s);
    std::ifstream written(path);
    const std::string text{std::istreambuf_iterator<char>{written}, {}};
    CHECK(text.find("tenant client") != std::string::npos);
    CHECK(text.find("xx") == std::string::npos);
    CHECK(text.back() == '}');
}

TEST_CASE_FIXTURE(Shared, "request lane: a file that cannot be used is told once, and caught up with later") {
    fs::create_directory(path);
    entra::RequestLane lane{file(true)};
    ask(lane, now - 3s);
    ask(lane, now - 2s);
    CHECK(known(lane) == 2);
    CHECK(troubles.size() == 1);
    fs::remove(path);
    entra::RequestLane other{file(true)};
    ask(other, now - 1s);
    CHECK(known(lane) == 3);
    CHECK(known(other) == 3);
    fs::remove(path);
    fs::create_symlink(folder / "elsewhere", path);
    CHECK(known(lane) == 3);
    CHECK(troubles.size() == 2);
    CHECK_FALSE(fs::exists(folder / "elsewhere"));
}
