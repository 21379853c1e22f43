#include "auth/authenticator.hpp"
#include "auth/secrets.hpp"

#include "support/catch.hpp"
#include "support/run.hpp"

#include <filesystem>
#include <fstream>

#include <stdlib.h>
#include <sys/stat.h>

using namespace fleet;
using namespace fleet::auth;
using fleet::test::code_of;
using fleet::test::run;

namespace {

asio::awaitable<Result<PilotToken>> known(std::string digest) {
    if (digest != sha256_hex("tok_viper")) co_return make_error(ErrorCode::unauthenticated);
    co_return PilotToken{.pilot_id = "plt_1", .callsign = "viper-1", .project = "shop"};
}

Result<Identity> ask(Credentials shown) {
    Authenticator authenticator(AuthenticatorOptions{.own_uid = 1'000, .access_token = "tok_secret"}, known);
    return run(authenticator.identify(std::move(shown)));
}

}  // namespace

TEST_CASE("on the unix socket the daemon's account and root are trusted, others are not", "[unit][auth]") {
    auto const own = ask({.uid = 1'000, .pid = 7, .callsign = "viper-1"});
    REQUIRE(own.has_value());
    CHECK(own->has_role(operator_role));
    CHECK(own->actor() == "viper-1");
    CHECK(own->caller == "uid:1000");
    auto const root = ask({.uid = 0});
    REQUIRE(root.has_value());
    CHECK(root->actor() == "root");
    CHECK(code_of(ask({.uid = 1'001})) == "unauthenticated");
    CHECK(code_of(ask({.uid = 1'000, .callsign = "Not Good"})) == "invalid_field");
}

TEST_CASE("over TCP a token decides", "[unit][auth]") {
    CHECK(code_of(ask({})) == "unauthenticated");
    CHECK(code_of(ask({.bearer = "tok_wrong"})) == "unauthenticated");
    CHECK(code_of(ask({.bearer = "secret"})) == "unauthenticated");
    auto const all = ask({.bearer = "tok_secret", .callsign = "falcon-1"});
    REQUIRE(all.has_value());
    CHECK(all->has_role(operator_role));
    CHECK(all->actor() == "falcon-1");
    auto const pilot = ask({.bearer = "tok_viper"});
    REQUIRE(pilot.has_value());
    CHECK(pilot->is_bound);
    CHECK(pilot->actor() == "viper-1");
    CHECK_FALSE(pilot->has_role(operator_role));
    CHECK(code_of(ask({.bearer = "tok_viper", .callsign = "falcon-1"})) == "forbidden");
}

TEST_CASE("tokens are long, all different, and compare by value", "[unit][auth]") {
    auto const token = draw_token();
    CHECK(token.size() == 56);
    CHECK(token.starts_with("tok_"));
    CHECK(token != draw_token());
    CHECK(same_secret(token, std::string(token)));
    CHECK_FALSE(same_secret(token, token + "x"));
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("the access token is made once, for its owner alone, and refused when others may read it",
          "[unit][auth]") {
    char name[] = "/tmp/fleet-auth-XXXXXX";
    std::filesystem::path const folder = ::mkdtemp(name);
    auto const file = folder / "token";
    auto const made = access_token(file);
    REQUIRE(made.has_value());
    struct stat found {};
    REQUIRE(::stat(file.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
    CHECK(*access_token(file) == *made);
    REQUIRE(::chmod(file.c_str(), 0640) == 0);
    CHECK(code_of(access_token(file)) == "not_configured");
    REQUIRE(::chmod(file.c_str(), 0600) == 0);
    std::ofstream(file, std::ios::trunc).flush();
    CHECK(code_of(access_token(file)) == "not_configured");
    CHECK(code_of(access_token(folder / "no" / "folder")) == "not_configured");
    std::filesystem::remove_all(folder);
}
