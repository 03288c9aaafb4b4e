#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <zlib.h>

#include "entra/audit_file_reader.hpp"
#include "made_certificate.hpp"

namespace entra = keysyncd::entra;
namespace testing = keysyncd::entra::testing;
namespace fs = std::filesystem;

namespace {

std::string event(int number) {
    return fmt::format(
        R"({{"id":"e{}","activityDisplayName":"Add FIDO2 security key","activityDateTime":"2026-01-09T12:00:00Z",)"
        R"("result":"success","targetResources":[{{"id":"u","type":"User"}}]}})",
        number);
}

/// A folder of logs, and a daemon that may be restarted: its cursor goes through text each time.
struct Bench {
    testing::TemporaryFolder folder;
    std::vector<std::string> patterns{(folder.path / "*.json").string()};
    std::string cursor = "[]";
    std::vector<std::string> problems;
    entra::AuditFilePass pass;

    void append(const std::string& name, std::string_view text) const {
        std::ofstream(folder.path / name, std::ios::binary | std::ios::app) << text;
    }

    /// Ids found by a reader that starts from the stored cursor.
    std::string read(std::size_t most_batches = 1000) {
        problems.clear();
        std::string ids;
        entra::AuditFileReader reader(
            patterns, {},
            [&](const entra::AuditFileProblem& problem) {
                problems.push_back(
                    fmt::format("{}:{}: {}", fs::path{problem.path}.filename().string(), problem.line, problem.detail));
            },
            entra::parse_audit_file_cursor(cursor).value());
        pass = reader.read(
            [&](std::vector<entra::RegistrationEvent>&& events, const entra::AuditFileCursor& at) {
                if (most_batches-- == 0) {
                    return false;
                }
                for (const auto& e : events) {
                    ids += (ids.empty() ? "" : " ") + e.event_id;
                }
                cursor = entra::serialize(at);
                return true;
            },
            {});
        return ids;
    }
};

void write_gzip(const fs::path& path, std::string_view text, const char* mode = "wb") {
    gzFile file = gzopen(path.c_str(), mode);
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
}

}  // namespace

TEST_CASE_FIXTURE(Bench, "audit files: what is new, once, across restarts") {
    append("a.json", event(1) + "\n");
    CHECK(read() == "e1");
    CHECK(read().empty());
    append("a.json", event(2) + "\n" + event(3).substr(0, 20));
    CHECK(read() == "e2");
    CHECK(problems.empty());
    append("a.json", event(3).substr(20) + "\n");
    append("b.json", "[" + event(4) + "," + event(5) + "]");
    CHECK(read() == "e3 e4 e5");
    CHECK(pass.files == 2);
    CHECK(read().empty());
    CHECK(pass.bytes == 0);
}

TEST_CASE_FIXTURE(Bench, "audit files: a list that grows is read on inside") {
    append("a.json", "{\"records\":[" + event(1));
    CHECK(read() == "e1");
    append("a.json", "," + event(2));
    CHECK(read() == "e2");
    append("a.json", "]}\n" + event(3));
    CHECK(read() == "e3");
    CHECK(problems.empty());
}

TEST_CASE_FIXTURE(Bench, "audit files: rotation by renaming loses nothing and repeats nothing") {
    append("a.json", event(1) + "\n");
    CHECK(read() == "e1");
    append("a.json", event(2) + "\n" + event(9).substr(0, 30));
    fs::rename(folder.path / "a.json", folder.path / "a.json.1");
    append("a.json", event(3) + "\n");
    CHECK(read() == "e3 e2");
    CHECK(problems == std::vector<std::string>{"a.json.1:3: the file ends inside a record"});
    CHECK(read().empty());
    CHECK(problems.empty());
    patterns = {(folder.path / "a.json*").string()};
    append("a.json", event(4) + "\n");
    CHECK(read() == "e1 e2 e4");  // the pattern names the old file again: known ids, for the ledger to count once
}

TEST_CASE_FIXTURE(Bench, "audit files: rotation inside the pattern, by copying and cutting back, and a reused inode") {
    patterns = {(folder.path / "a.json*").string()};
    append("a.json", event(1) + "\n");
    CHECK(read() == "e1");
    fs::rename(folder.path / "a.json", folder.path / "a.json.1");
    append("a.json", event(2) + "\n");
    CHECK(read() == "e2");
    fs::resize_file(folder.path / "a.json", 0);
    CHECK(read().empty());
    append("a.json", event(3) + "\n");
    CHECK(read() == "e3");
    static_cast<void>(
        folder.write("a.json", event(44) + "\n" + event(55) + "\n"));  // the same inode, other bytes, longer
    CHECK(read() == "e44 e55");
}

TEST_CASE_FIXTURE(Bench, "audit files: compressed files are read once, several members too") {
    patterns = {folder.path.string()};
    write_gzip(folder.path / "old.json.gz", event(1) + "\n");
    write_gzip(folder.path / "old.json.gz", event(2) + "\n", "ab");
    append(".hidden.json", event(7));
    CHECK(read() == "e1 e2");
    CHECK(read().empty());
    CHECK(pass.bytes == 0);
    fs::rename(folder.path / "old.json.gz", folder.path / "older.json.gz");
    CHECK(read().empty());
}

TEST_CASE_FIXTURE(Bench, "audit files: a compressed file that is still being written is read again when it has grown") {
    patterns = {folder.path.string()};
    std::string lines;
    for (int i = 0; i < 300; ++i) {
        lines += event(i) + "\n";
    }
    write_gzip(folder.path / "whole.gz", lines);
    const auto size = fs::file_size(folder.path / "whole.gz");
    fs::copy_file(folder.path / "whole.gz", folder.path / "part.gz");
    fs::resize_file(folder.path / "part.gz", size / 2);
    fs::rename(folder.path / "whole.gz", folder.path / ".whole.gz");
    static_cast<void>(read());
    CHECK(problems.size() == 1);
    CHECK(read().empty());
    CHECK(problems.empty());
    fs::copy_file(folder.path / ".whole.gz", folder.path / "part.gz", fs::copy_options::overwrite_existing);
    CHECK(read().ends_with("e298 e299"));
    CHECK(problems.empty());
}

TEST_CASE_FIXTURE(Bench, "audit files: broken records are counted with file and line, the others read") {
    append("a.json",
           event(1) + "\nnonsense\n" + event(2) + "\n{\"id\":\"x\",\"a\":\n" + event(3) + "\n" + event(4) + "\n");
    append("a.json", R"({"id":"late","activityDisplayName":"Add FIDO2 security key","result":"success"})");
    append("b.json", "{\"a\":tru}\n");
    const std::string ids = read();
    CHECK(ids == "e1 e2 e4");
    REQUIRE(problems.size() == 4);
    CHECK(problems[0] == "a.json:2: expected a JSON object");
    CHECK(problems[1].starts_with("a.json:4: "));
    CHECK(problems[2].starts_with("a.json:7: event late: activityDateTime"));
    CHECK(problems[3].starts_with("b.json:1: no JSON object"));
    CHECK(pass.malformed == 4);
}

TEST_CASE_FIXTURE(Bench, "audit files: what can't be read is told and does not stop the rest") {
    patterns = {(folder.path / "*").string()};
    append("a.avro", std::string_view{"Obj\x01rest", 8});
    append("b.json", event(1));
    std::string damaged = "\x1F\x8B\x08";
    damaged.append(40, '\x7F');
    append("c.gz", damaged);
    CHECK(::mkfifo((folder.path / "pipe").c_str(), 0600) == 0);
    CHECK(read() == "e1");
    CHECK(pass.unreadable == 2);
    REQUIRE(problems.size() == 2);
    CHECK(problems[0].contains("Avro"));
    CHECK(problems[1].contains("gzip data is damaged"));
}

TEST_CASE_FIXTURE(Bench, "audit files: a file whose reading fails is not done with") {
    // An unmapped page of our own memory: a regular file that gives an input/output error.
    append("a.json", event(1) + "\n");
    fs::create_symlink("/proc/self/mem", folder.path / "b.json");
    CHECK(read() == "e1");
    CHECK(pass.unreadable == 1);
    CHECK(read().empty());
    CHECK(pass.unreadable == 1);
    CHECK(problems == std::vector<std::string>{"b.json:0: can't be read: Input/output error"});
}

TEST_CASE_FIXTURE(Bench, "audit files: cut short between batches, the next start goes on behind what was stored") {
    std::string lines;
    for (int i = 0; i < 5000; ++i) {
        lines += event(i) + "\n";
    }
    append("a.json", lines);
    const std::string first = read(2);
    CHECK(pass.stopped);
    const std::string second = read();
    CHECK_FALSE(pass.stopped);
    std::string all;
    for (int i = 0; i < 5000; ++i) {
        all += (i == 0 ? "" : " ") + fmt::format("e{}", i);
    }
    CHECK(first + " " + second == all);
}

TEST_CASE_FIXTURE(Bench, "audit files: nothing there is no problem; a folder that comes back is known") {
    patterns = {(folder.path / "sub" / "*.json").string(), "/nonexistent/*.json"};
    CHECK(read().empty());
    CHECK(problems.empty());
    fs::create_directory(folder.path / "sub");
    append("sub/a.json", event(1) + "\n");
    CHECK(read() == "e1");
    fs::rename(folder.path / "sub", folder.path / "away");
    CHECK(read().empty());
    fs::rename(folder.path / "away", folder.path / "sub");
    CHECK(read().empty());
    fs::remove(folder.path / "sub" / "a.json");
    CHECK(read().empty());
    CHECK(cursor == "[]");
}

TEST_CASE("audit files: the cursor survives as text, and other text is no cursor") {
    entra::AuditFileCursor cursor;
    cursor.files.push_back({.device = 1,
                            .inode = ~0ULL,
                            .path = "/a \"b\"",
                            .read_to = {.offset = 5, .line = 2, .in_list = true, .around = entra::Around::wrapper},
                            .head_bytes = 5,
                            .head_hash = 0xFFFFFFFFFFFFFFF0ULL,
                            .whole = true,
                            .size = 7,
                            .changed = 1767960000123456789});
    CHECK(entra::parse_audit_file_cursor(entra::serialize(cursor)) == cursor);
    for (const std::string_view bad : {"", "{}", "[1]", "[{}]", R"([{"device":-1}])"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::parse_audit_file_cursor(bad).has_value());
    }
}
