#include <fleet/id.hpp>

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace fleet;

namespace {

struct Valid {
    char const* text;
    char const* prefix;
    char const* uuid;
};

// The vectors that specification 0.3 publishes.
constexpr Valid valid[] = {
    {"00000000000000000000000000", "", "00000000-0000-0000-0000-000000000000"},
    {"00000000000000000000000001", "", "00000000-0000-0000-0000-000000000001"},
    {"0000000000000000000000000a", "", "00000000-0000-0000-0000-00000000000a"},
    {"0000000000000000000000000g", "", "00000000-0000-0000-0000-000000000010"},
    {"00000000000000000000000010", "", "00000000-0000-0000-0000-000000000020"},
    {"7zzzzzzzzzzzzzzzzzzzzzzzzz", "", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
    {"prefix_0123456789abcdefghjkmnpqrs", "prefix", "0110c853-1d09-52d8-d73e-1194e95b5f19"},
    {"prefix_01h455vb4pex5vsknk084sn02q", "prefix", "01890a5d-ac96-774b-bcce-b302099a8057"},
    {"pre_fix_00000000000000000000000000", "pre_fix", "00000000-0000-0000-0000-000000000000"},
};

constexpr char const* invalid[] = {
    "PREFIX_00000000000000000000000000",
    "12345_00000000000000000000000000",
    "pre.fix_00000000000000000000000000",
    "préfix_00000000000000000000000000",
    "  prefix_00000000000000000000000000",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl_00000000000000000000000000",
    "_00000000000000000000000000",
    "_",
    "prefix_1234567890123456789012345",
    "prefix_123456789012345678901234567",
    "prefix_1234567890123456789012345 ",
    "prefix_0123456789ABCDEFGHJKMNPQRS",
    "prefix_123456789-123456789-123456",
    "prefix_ooooooiiiiiiuuuuuuulllllll",
    "prefix_i23456789ol23456789oi23456",
    "prefix_123456789-0123456789-0123456",
    "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
    "_prefix_00000000000000000000000000",
    "prefix__00000000000000000000000000",
    "",
};

}  // namespace

TEST_CASE("the published valid ids are read and written as the specification says", "[id]") {
    for (auto const& vector : valid) {
        CAPTURE(vector.text);
        auto const id = parse_type_id(vector.text);
        REQUIRE(id.has_value());
        CHECK(id->prefix == vector.prefix);
        CHECK(uuid_text(id->uuid) == vector.uuid);
        CHECK(type_id_text(*id) == vector.text);
    }
}

TEST_CASE("the published invalid ids are refused", "[id]") {
    for (auto const* text : invalid) {
        CAPTURE(text);
        auto const id = parse_type_id(text);
        REQUIRE_FALSE(id.has_value());
        CHECK(id.error().code == ErrorCode::invalid_field);
    }
}

TEST_CASE("a fresh id is a UUIDv7 of this moment and has the prefix asked for", "[id]") {
    auto const id = parse_type_id(new_id("rsv")).value();
    CHECK(id.prefix == "rsv");
    CHECK(uuid_text(id.uuid)[14] == '7');
    CHECK(std::string("89ab").find(uuid_text(id.uuid)[19]) != std::string::npos);
    std::int64_t ms = 0;
    for (std::size_t i = 0; i < 6; ++i) ms = ms * 256 + id.uuid[i];
    auto const now = std::chrono::system_clock::now().time_since_epoch() / std::chrono::milliseconds{1};
    CHECK(std::abs(now - ms) < 60'000);
}

TEST_CASE("ids sort in the order in which they were drawn, even within a millisecond", "[id]") {
    std::string before = new_id("evt");
    for (int i = 0; i < 10'000; ++i) {
        auto after = new_id("evt");
        REQUIRE(before < after);
        before = std::move(after);
    }
}

TEST_CASE("threads never draw the same id", "[id]") {
    std::vector<std::vector<std::string>> drawn(4);
    {
        std::vector<std::jthread> threads;
        for (auto& mine : drawn)
            threads.emplace_back([&mine] {
                for (int i = 0; i < 1'000; ++i) mine.push_back(new_id("evt"));
            });
    }
    std::set<std::string> all;
    for (auto const& mine : drawn) all.insert(mine.begin(), mine.end());
    CHECK(all.size() == 4'000);
}

TEST_CASE("an id of another kind is refused by name", "[id]") {
    auto const refused = check_id(new_id("plt"), "rsv");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message == "must be an id that begins with rsv_");
    CHECK(ReservationId::parse(new_id("rsv")).has_value());
    CHECK_FALSE(ReservationId::parse("nonsense").has_value());
    CHECK(PilotId::draw().str().starts_with("plt_"));
}

TEST_CASE("people see and type the last six characters of an id", "[id]") {
    std::string const id = "msn_01h455vb4pex5vsknk084sn02q";
    CHECK(short_id(id) == "msn_…4sn02q");
    CHECK(short_id("viper-1") == "viper-1");
    CHECK(short_id("x_123") == "x_123");
    for (auto const* typed :
         {"4sn02q", "msn_…4sn02q", "msn_...4sn02q", "msn_01h455", "msn_01h455vb4pex5vsknk084sn02q"}) {
        CAPTURE(typed);
        CHECK(id_matches(id, typed));
    }
    for (auto const* typed : {"", "4sn02r", "srt_…4sn02q", "01h455"}) {
        CAPTURE(typed);
        CHECK_FALSE(id_matches(id, typed));
    }
}
