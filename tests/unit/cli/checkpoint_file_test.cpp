#include "cli/checkpoint_file.hpp"
#include "cli/checkpoint_store.hpp"

#include <fleet/json.hpp>

#include "support/catch.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

using fleet::ErrorCode;
using fleet::Json;
namespace cli = fleet::cli;
namespace fs = std::filesystem;

namespace {

std::string digest(std::string const& text) {
    std::array<unsigned char, 32> raw{};
    EVP_Digest(text.data(), text.size(), raw.data(), nullptr, EVP_sha256(), nullptr);
    constexpr char digits[] = "0123456789abcdef";
    std::string hex;
    for (unsigned char byte : raw) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

// A document as the daemon gives it: a mission, two sorties in two parts, and notes.
Json document(std::string const& id = "chk_01m7y4xbh5t2qgekpjg6t2qge1", std::string const& name = "first") {
    std::string mission = R"([{"title": "Parser", "mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}])";
    std::string one = R"([{"title": "Lexer", "token": 7}])";
    std::string two = R"([{"title": "Printer"}])";
    std::string notes = R"({"summary": "half of it"})";
    Json manifest{{"format", 1},
                  {"checkpoint_id", id},
                  {"sections",
                   {{"mission", {digest(mission)}},
                    {"sorties", {digest(one), digest(two)}},
                    {"notes", {digest(notes)}}}}};
    auto text = fleet::json_text(manifest);
    return Json{
        {"checkpoint",
         {{"checkpoint_id", id},
          {"name", name},
          {"mission_id", "msn_01m7y4xbh5t2qgekpjg6t2qge1"},
          {"digest", digest(text)}}},
        {"manifest", text},
        {"parts",
         {{digest(mission), mission}, {digest(one), one}, {digest(two), two}, {digest(notes), notes}}}};
}

class Folder {
public:
    Folder() {
        char name[] = "/tmp/fleet-checkpoints-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~Folder() {
        std::error_code error;
        fs::remove_all(path_, error);
    }
    cli::Place place() const { return cli::Place{path_, path_}; }
    fs::path kept() const { return path_ / ".fleet" / "local" / "checkpoints"; }

private:
    fs::path path_;
};

std::string content(fs::path const& file) {
    std::ostringstream out;
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return out.str();
}

void write(fs::path const& file, std::string const& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

}  // namespace

TEST_CASE("a checkpoint comes back from its file as it was") {
    auto whole = document();
    auto back = cli::decode_checkpoint(cli::encode_checkpoint(whole));
    REQUIRE(back.has_value());
    CHECK(*back == whole);
}

TEST_CASE("each byte of a checkpoint file that is changed is noticed") {
    auto file = cli::encode_checkpoint(document());
    for (std::size_t at = 0; at < file.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            auto broken = file;
            broken[at] = static_cast<char>(static_cast<unsigned char>(broken[at]) ^ (1U << bit));
            auto read = cli::decode_checkpoint(broken);
            INFO("byte " << at << ", bit " << bit);
            REQUIRE_FALSE(read.has_value());
            REQUIRE(read.error().code == ErrorCode::checkpoint_damaged);
        }
    }
}

TEST_CASE("a checkpoint file that lost its end, or has more than that, is noticed") {
    auto file = cli::encode_checkpoint(document());
    for (std::size_t length = 0; length < file.size(); ++length)
        REQUIRE_FALSE(cli::decode_checkpoint(file.substr(0, length)).has_value());
    CHECK_FALSE(cli::decode_checkpoint(file + "x").has_value());
    CHECK_FALSE(cli::decode_checkpoint(file + file).has_value());
}

TEST_CASE("a document whose parts were exchanged does not pass for whole") {
    auto other = document();
    for (auto& [key, part] : other.at("parts").items()) part = part.get<std::string>() + " ";
    CHECK(cli::check_document(other).error().code == ErrorCode::checkpoint_damaged);
    auto less = document();
    less.at("parts").erase(less.at("parts").begin());
    CHECK_FALSE(cli::check_document(less).has_value());
    auto renamed = document();
    renamed["manifest"] = fleet::json_text(Json{{"format", 1}, {"sections", Json::object()}});
    CHECK_FALSE(cli::check_document(renamed).has_value());
    CHECK_FALSE(cli::check_document(Json::array()).has_value());
}

TEST_CASE("what a checkpoint remembers is read from its parts in their order") {
    auto sections = cli::sections_of(document());
    REQUIRE(sections.has_value());
    CHECK(sections->at("mission").at("title") == "Parser");
    CHECK(sections->at("sorties").at(0).at("title") == "Lexer");
    CHECK(sections->at("sorties").at(1).at("title") == "Printer");
    CHECK(sections->at("notes").at("summary") == "half of it");
}

TEST_CASE("notes that were erased may be missing, nothing else may") {
    auto erased = document();
    auto notes = fleet::parse_json(erased.at("manifest").get<std::string>())
                     ->at("sections")
                     .at("notes")
                     .at(0)
                     .get<std::string>();
    erased.at("parts").erase(notes);
    CHECK_FALSE(cli::check_document(erased).has_value());
    erased["redacted"] = {{notes, {{"reason", "a password"}}}};
    REQUIRE(cli::check_document(erased).has_value());
    CHECK(cli::sections_of(erased)->at("notes").at("redacted").at("reason") == "a password");
}

TEST_CASE("a format that this program does not know is said to be newer") {
    auto newer = document();
    auto manifest = *fleet::parse_json(newer.at("manifest").get<std::string>());
    manifest["format"] = 99;
    newer["manifest"] = fleet::json_text(manifest);
    CHECK(cli::sections_of(newer).error().code == ErrorCode::schema_newer);
}

TEST_CASE("the kept sample of each format is read in the present one") {
    auto text = content(fs::path(FLEET_SOURCE_DIR) / "tests/samples/checkpoint.v1.json");
    auto sample = fleet::parse_json(text);
    REQUIRE(sample.has_value());
    REQUIRE(cli::check_document(*sample).has_value());
    auto sections = cli::sections_of(*sample);
    REQUIRE(sections.has_value());
    CHECK(sections->at("mission").at("title") == "New parser");
    CHECK(sections->at("sorties").size() == 3);
    CHECK(sections->at("reservations").at(0).at("patterns").at(0) == "src/lexer/**");
    CHECK(sections->at("notes").at("error").at("command") == "make");
}

TEST_CASE("a copy is readable by its owner alone, and latest leads to the newest") {
    Folder folder;
    cli::CheckpointStore store(folder.place());
    REQUIRE(store.save(document("chk_01m7y4xbh5t2qgekpjg6t2qge2", "second")).has_value());
    REQUIRE(store.save(document()).has_value());
    for (std::string const& id : store.ids()) {
        auto perms = fs::status(folder.kept() / (id + ".checkpoint")).permissions();
        CHECK(perms == (fs::perms::owner_read | fs::perms::owner_write));
    }
    CHECK(fs::read_symlink(folder.kept() / "latest") == "chk_01m7y4xbh5t2qgekpjg6t2qge2.checkpoint");
    CHECK(store.load("first")->document.at("checkpoint").at("checkpoint_id") ==
          "chk_01m7y4xbh5t2qgekpjg6t2qge1");
    CHECK(store.load("qge2")->document.at("checkpoint").at("name") == "second");
    CHECK(store.load("nothing").error().code == ErrorCode::not_found);
}

TEST_CASE("a damaged copy is noticed, and the one before is used with a warning") {
    Folder folder;
    cli::CheckpointStore store(folder.place());
    REQUIRE(store.save(document()).has_value());
    REQUIRE(store.save(document("chk_01m7y4xbh5t2qgekpjg6t2qge2", "second")).has_value());
    auto file = folder.kept() / "chk_01m7y4xbh5t2qgekpjg6t2qge2.checkpoint";
    auto text = content(file);
    text[text.size() / 2] = static_cast<char>(text[text.size() / 2] + 1);
    write(file, text);
    CHECK(store.load("chk_01m7y4xbh5t2qgekpjg6t2qge2").error().code == ErrorCode::checkpoint_damaged);
    auto latest = store.load("latest");
    REQUIRE(latest.has_value());
    CHECK(latest->document.at("checkpoint").at("name") == "first");
    REQUIRE(latest->warnings.size() == 1);
    CHECK(latest->warnings.front().find("damaged") != std::string::npos);
    std::vector<std::string> warnings;
    CHECK(store.list(warnings).size() == 1);
    CHECK(warnings.size() == 1);
}

TEST_CASE("a copy under another's name is no copy of it") {
    Folder folder;
    cli::CheckpointStore store(folder.place());
    REQUIRE(store.save(document()).has_value());
    fs::copy_file(folder.kept() / "chk_01m7y4xbh5t2qgekpjg6t2qge1.checkpoint",
                  folder.kept() / "chk_01m7y4xbh5t2qgekpjg6t2qge9.checkpoint");
    CHECK(store.load("chk_01m7y4xbh5t2qgekpjg6t2qge9").error().code == ErrorCode::checkpoint_damaged);
}

TEST_CASE("so many copies of a mission are kept, the newest") {
    Folder folder;
    cli::CheckpointStore store(folder.place());
    for (int n = 10; n < 35; ++n)
        REQUIRE(store.save(document("chk_01m7y4xbh5t2qgekpjg6t2qg" + std::to_string(n), "n")).has_value());
    auto ids = store.ids();
    REQUIRE(ids.size() == cli::CheckpointStore::kept_of_mission);
    CHECK(ids.front() == "chk_01m7y4xbh5t2qgekpjg6t2qg34");
    CHECK(ids.back() == "chk_01m7y4xbh5t2qgekpjg6t2qg15");
}
