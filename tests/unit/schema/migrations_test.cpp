#include "schema/migrator.hpp"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::schema;

namespace {

using Files = std::vector<EmbeddedSql>;

}  // namespace

TEST_CASE("files become migrations in order, with what their headers say", "[schema]") {
    Files const files{
        {"0001_log.down.sql", "d1", "drop table a;"},
        {"0001_log.up.sql", "u1", "-- breaking: no\n-- The log.\ncreate table a();"},
        {"0002_index.up.sql", "u2", "-- breaking: yes\n-- transaction: no\ncreate index concurrently b;"}};
    auto const all = migrations_from(files);
    REQUIRE(all.has_value());
    REQUIRE(all->size() == 2);
    CHECK((*all)[0].label() == "0001_log");
    CHECK((*all)[0].sha256 == "u1");
    CHECK_FALSE((*all)[0].breaking);
    CHECK((*all)[0].in_transaction);
    CHECK((*all)[0].down == "drop table a;");
    CHECK((*all)[1].breaking);
    CHECK_FALSE((*all)[1].in_transaction);
    CHECK((*all)[1].down.empty());
}

TEST_CASE("a header counts only in the comment at the top", "[schema]") {
    Files const files{{"0001_log.up.sql", "u", "-- The log.\ncreate table a();\n-- breaking: yes\n"}};
    CHECK_FALSE((*migrations_from(files))[0].breaking);
}

TEST_CASE("a broken set of files is found out before anything is applied", "[schema]") {
    CHECK_FALSE(migrations_from(Files{{"0002_x.up.sql", "", "a"}}).has_value());
    CHECK_FALSE(migrations_from(Files{{"0001_x.down.sql", "", "a"}}).has_value());
    CHECK_FALSE(migrations_from(Files{{"x.up.sql", "", "a"}}).has_value());
    CHECK_FALSE(migrations_from(Files{{"0001_.up.sql", "", "a"}}).has_value());
    CHECK_FALSE(migrations_from(Files{{"0001_x.sql", "", "a"}}).has_value());
    CHECK_FALSE(migrations_from(Files{{"0001_x.up.sql", "", "a"}, {"0001_y.up.sql", "", "a"}}).has_value());
}

TEST_CASE("this build's own files are in order", "[schema]") {
    auto const all = migrations_from(embedded_migrations());
    REQUIRE(all.has_value());
    CHECK(all->size() >= 2);
    for (auto const& migration : *all) CHECK_FALSE(migration.down.empty());
    REQUIRE_FALSE(embedded_repeatable().empty());
    CHECK(embedded_repeatable().front().name == "clear.sql");
}

TEST_CASE("the digest is that of the texts one after another", "[schema]") {
    CHECK(digest_of(Files{{"a", "", "ab"}, {"b", "", "c"}}) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("builds are compared by their numbers", "[schema]") {
    CHECK(is_newer("0.10.0", "0.9.3"));
    CHECK(is_newer("1.0", "0.99.99"));
    CHECK(is_newer("0.1.1", "0.1"));
    CHECK_FALSE(is_newer("0.1.0", "0.1"));
    CHECK_FALSE(is_newer("0.9.3", "0.10.0"));
    CHECK_FALSE(is_newer("0.1.0", "0.1.0"));
    CHECK_FALSE(is_newer("", "0.1.0"));
    CHECK(is_newer("0.1.0", ""));
}
