// The WebSocket of a real fleetd: pipelined requests, subscriptions, cursors, goodbye.
#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"
#include "support/run.hpp"
#include "transport/ws_channel.hpp"

#include <algorithm>
#include <future>
#include <map>
#include <deque>
#include <set>

using namespace fleet;
using namespace fleet::test;

namespace {

struct House {
    asio::io_context loop{1};
    Database database = fresh_database();
    DaemonProcess daemon{DaemonOptions{.dsn = database.dsn()}};

    House() {
        daemon.wait_ready();
        REQUIRE(daemon.call("POST", "/api/v1/projects", Json{{"key", "shop"}}).status == 201);
    }
};

class Talk {
public:
    explicit Talk(House& house, std::string project = "shop")
        : house_(house),
          channel_(house.loop.get_executor(), *transport::parse_endpoint(house.daemon.socket())) {
        std::vector<transport::Header> headers{{"Fleet-Project", std::move(project)}};
        must(run(house_.loop, channel_.open("/ws", headers, Millis(3'000))));
    }
    void say(Json const& frame) { must(run(house_.loop, channel_.write(json_text(frame)))); }
    void say_text(std::string text) { must(run(house_.loop, channel_.write(std::move(text)))); }
    Json hear(Millis limit = Millis(10'000)) {
        if (kept_.empty()) return read(limit);
        auto first = std::move(kept_.front());
        kept_.pop_front();
        return first;
    }
    // The answer to `id`; what overtakes it is heard afterwards.
    Json ask(Json frame) {
        auto const id = frame["id"];
        say(frame);
        for (;;) {
            auto heard = read();
            if (heard.value("id", Json()) == id) return heard;
            kept_.push_back(std::move(heard));
        }
    }
    bool is_ended() { return run(house_.loop, channel_.read(), Millis(5'000)).has_error(); }
    void hang_up() { channel_.hang_up(); }

private:
    Json read(Millis limit = Millis(10'000)) {
        return must(parse_json(must(run(house_.loop, channel_.read(), limit))));
    }

    House& house_;
    transport::WsChannel channel_;
    std::deque<Json> kept_;
};

Json note(Json id, std::string text) {
    return Json{
        {"id", std::move(id)}, {"op", "append"}, {"type", "x.note"}, {"data", {{"note", std::move(text)}}}};
}

}  // namespace

TEST_CASE("a frame says the version it changes, and waits for mail beside other requests",
          "[integration][websocket]") {
    House house;
    Talk talk(house);
    for (auto const* name : {"viper-1", "falcon-1"}) {
        Json const pilot{{"callsign", name}, {"program", "t"}, {"model", "m"}};
        REQUIRE(talk.ask(Json{{"id", name}, {"op", "pilots.register"}, {"args", pilot}})["ok"] == true);
    }
    auto const made =
        talk.ask(Json{{"id", 1}, {"op", "missions.create"}, {"as", "viper-1"}, {"args", {{"title", "a"}}}});
    Json const rename{{"mission_id", made["result"]["mission_id"]}, {"title", "b"}};
    auto const late =
        talk.ask(Json{{"id", 2}, {"op", "missions.update"}, {"if_match", 99}, {"args", rename}});
    CHECK(late["error"]["code"] == "if_match_failed");
    auto const good = talk.ask(Json{{"id", 3},
                                    {"op", "missions.update"},
                                    {"if_match", made["result"]["stream_version"]},
                                    {"args", rename}});
    CHECK(good["result"]["title"] == "b");

    Json const mailbox{{"callsign", "falcon-1"}, {"wait_seconds", 10}};
    talk.say(Json{{"id", "mail"}, {"op", "messages.inbox"}, {"args", mailbox}});
    Json const mail{{"to", {"falcon-1"}}, {"subject", "s"}, {"body", "b"}};
    auto const sent = talk.ask(Json{{"id", 4}, {"op", "messages.send"}, {"as", "viper-1"}, {"args", mail}});
    REQUIRE(sent["ok"] == true);
    auto const heard = talk.hear();
    CHECK(heard["id"] == "mail");
    CHECK(heard["result"]["items"][0]["body"] == "b");
}

TEST_CASE("requests are answered by their id, several at once", "[integration][websocket]") {
    House house;
    Talk talk(house);
    for (int i = 1; i <= 50; ++i) talk.say(note(i, std::to_string(i)));
    std::set<std::int64_t> seqs;
    for (int i = 0; i < 50; ++i) {
        auto const answer = talk.hear();
        REQUIRE(answer["ok"] == true);
        CHECK(answer["status"] == 201);
        seqs.insert(answer["result"]["events"][0]["seq"].get<std::int64_t>());
    }
    CHECK(seqs.size() == 50);
    auto const list =
        talk.ask(Json{{"id", "list"}, {"op", "events.list"}, {"args", {{"type", "x.note"}, {"limit", 5}}}});
    CHECK(list["result"]["items"].size() == 5);
    auto const batch = talk.ask(Json{{"id", 99}, {"op", "append"},
                                     {"events", {{{"type", "x.a"}, {"data", Json::object()}},
                                                 {{"type", "x.b"}, {"data", Json::object()}}}}});
    CHECK(batch["result"]["events"].size() == 2);
}

TEST_CASE("an answer may overtake one that waits for files", "[integration][websocket]") {
    House house;
    Talk talk(house);
    for (auto const* name : {"viper-1", "falcon-1"})
        REQUIRE(talk.ask(Json{{"id", name},
                              {"op", "pilots.register"},
                              {"callsign", name},
                              {"program", "t"},
                              {"model", "m"}})["ok"] == true);
    auto const mine =
        talk.ask(Json{{"id", 1}, {"op", "reservations.reserve"}, {"as", "viper-1"}, {"patterns", {"a"}}});
    REQUIRE(mine["ok"] == true);
    talk.say(Json{{"id", 2},
                  {"op", "reservations.reserve"},
                  {"as", "falcon-1"},
                  {"args", {{"patterns", {"a"}}, {"wait_seconds", 30}}}});
    CHECK(talk.ask(note(3, "meanwhile"))["ok"] == true);
    auto const& held = mine["result"];
    talk.say(
        Json{{"id", 4},
             {"op", "reservations.release"},
             {"as", "viper-1"},
             {"reservation_id", held["reservation_id"]},
             {"fence", {{"kind", "reservation"}, {"id", held["reservation_id"]}, {"token", held["token"]}}}});
    std::map<std::int64_t, Json> answers;
    while (answers.size() < 2) {
        auto const answer = talk.hear();
        answers[answer["id"].get<std::int64_t>()] = answer;
    }
    CHECK(answers[4]["ok"] == true);
    CHECK(answers[2]["result"]["outcome"] == "granted");
}

TEST_CASE("a socket that goes away gives up its places in line", "[integration][websocket]") {
    House house;
    Talk talk(house);
    for (auto const* name : {"viper-1", "falcon-1"})
        talk.ask(Json{
            {"id", name}, {"op", "pilots.register"}, {"callsign", name}, {"program", "t"}, {"model", "m"}});
    talk.ask(Json{{"id", 1}, {"op", "reservations.reserve"}, {"as", "viper-1"}, {"patterns", {"a"}}});
    Talk other(house);
    other.say(Json{{"id", 2},
                   {"op", "reservations.reserve"},
                   {"as", "falcon-1"},
                   {"args", {{"patterns", {"a"}}, {"wait_seconds", 60}}}});
    auto admin = house.database.connect();
    auto const waiting = [&] { return admin.number("select count(*) from fleet_live.waiters"); };
    REQUIRE(eventually([&] { return waiting() == 1; }));
    other.hang_up();
    CHECK(eventually([&] { return waiting() == 0; }));
}

TEST_CASE("a subscription delivers every event after its start once, in order", "[integration][websocket]") {
    House house;
    Talk writer(house);
    for (int i = 0; i < 20; ++i) REQUIRE(writer.ask(note(i, std::to_string(i)))["ok"] == true);
    Talk reader(house);
    auto const begun = reader.ask(Json{{"id", 1},
                                       {"op", "subscribe"},
                                       {"after", 0},
                                       {"filter", {{"project", "shop"}, {"types", {"x.note"}}}}});
    REQUIRE(begun["ok"] == true);
    CHECK(begun["sub"] == "s1");
    CHECK(parse_position(begun["head"].get<std::string>()).has_value());
    for (int i = 20; i < 40; ++i) writer.say(note(i, std::to_string(i)));
    std::vector<std::int64_t> seqs;
    Json position;
    while (seqs.size() < 40) {
        auto const frame = reader.hear();
        REQUIRE(frame["sub"] == "s1");
        for (Json const& event : frame["events"]) seqs.push_back(event["seq"].get<std::int64_t>());
        position = frame["to"];
    }
    CHECK(std::is_sorted(seqs.begin(), seqs.end()));
    CHECK(std::set(seqs.begin(), seqs.end()).size() == 40);
    // Where it ended, another connection goes on.
    Talk resumed(house);
    resumed.say(
        Json{{"id", 1}, {"op", "subscribe"}, {"after", position}, {"filter", {{"types", {"x.note"}}}}});
    CHECK(resumed.hear()["ok"] == true);
    Talk late(house);
    late.ask(note("late", "late"));
    auto const frame = resumed.hear();
    REQUIRE(frame["events"].size() == 1);
    CHECK(frame["events"][0]["data"]["note"] == "late");
}

TEST_CASE("a durable cursor is where the next subscription begins, and ack moves it forward only",
          "[integration][websocket]") {
    House house;
    Talk talk(house);
    std::vector<std::int64_t> seqs;
    for (int i = 0; i < 4; ++i)
        seqs.push_back(
            talk.ask(note(i, std::to_string(i)))["result"]["events"][0]["seq"].get<std::int64_t>());
    auto const ack = [&](std::int64_t seq) {
        return talk.ask(Json{{"id", "ack"}, {"op", "ack"}, {"cursor", "ci"}, {"seq", seq}});
    };
    CHECK(ack(seqs[2])["result"]["moved"] == true);
    CHECK(ack(seqs[0])["result"]["moved"] == false);
    Talk reader(house);
    reader.say(Json{
        {"id", 1}, {"op", "subscribe"}, {"after", {{"cursor", "ci"}}}, {"filter", {{"types", {"x.note"}}}}});
    CHECK(reader.hear()["ok"] == true);
    auto const frame = reader.hear();
    REQUIRE(frame["events"].size() == 1);
    CHECK(frame["events"][0]["seq"] == seqs[3]);
}

TEST_CASE("several subscriptions share a socket and end one by one", "[integration][websocket]") {
    House house;
    Talk talk(house);
    CHECK(talk.ask(Json{{"id", 1}, {"op", "subscribe"}, {"filter", {{"types", {"x.a"}}}}})["sub"] == "s1");
    CHECK(talk.ask(Json{{"id", 2}, {"op", "subscribe"}, {"filter", {{"types", {"x.b"}}}}})["sub"] == "s2");
    CHECK(talk.ask(Json{{"id", 3}, {"op", "unsubscribe"}, {"sub", "s1"}})["ok"] == true);
    CHECK(talk.ask(Json{{"id", 4}, {"op", "unsubscribe"}, {"sub", "s1"}})["error"]["code"] == "not_found");
    Talk writer(house);
    for (auto const* type : {"x.a", "x.b"})
        writer.ask(Json{{"id", 1}, {"op", "append"}, {"type", type}, {"data", Json::object()}});
    auto const frame = talk.hear();
    CHECK(frame["sub"] == "s2");
    CHECK(frame["events"][0]["type"] == "x.b");
}

TEST_CASE("what is wrong with a frame is said with its id, and the socket goes on",
          "[integration][websocket]") {
    House house;
    Talk talk(house);
    auto const code = [](Json const& answer) { return answer["error"]["code"].get<std::string>(); };
    talk.say_text("not json");
    CHECK(code(talk.hear()) == "bad_json");
    talk.say_text(R"({"id":1,"op":"status","op":"status"})");
    CHECK(code(talk.hear()) == "bad_json");
    talk.say_text("[]");
    CHECK(code(talk.hear()) == "invalid_field");
    CHECK(code(talk.ask(Json{{"id", 2}, {"op", "no.such"}})) == "not_found");
    CHECK(code(talk.ask(Json{{"id", 3}, {"op", "services.up"}})) == "invalid_field");
    CHECK(code(talk.ask(Json{
              {"id", 4}, {"op", "append"}, {"type", "x.a"}, {"data", Json::object()}, {"surprise", 1}})) ==
          "unknown_field");
    auto const field =
        talk.ask(Json{{"id", 5}, {"op", "append"}, {"type", "X BAD"}, {"data", Json::object()}});
    CHECK(field["error"]["field"] == "/type");
    CHECK(code(talk.ask(Json{{"id", 6}, {"op", "subscribe"}, {"after", "ffffffff.3"}})) == "log_rewound");
    CHECK(code(talk.ask(Json{{"id", 7}, {"op", "status"}, {"as", "Not A Callsign"}})) == "invalid_field");
    CHECK(talk.ask(note(8, "still here"))["ok"] == true);
}

TEST_CASE("the same idempotency key over WebSocket gives the first answer", "[integration][websocket]") {
    House house;
    Talk talk(house);
    auto frame = note(1, "once");
    frame["idempotency_key"] = "k1";
    auto const first = talk.ask(frame);
    frame["id"] = 2;
    CHECK(talk.ask(frame)["result"] == first["result"]);
    frame["data"]["note"] = "other";
    CHECK(talk.ask(frame)["error"]["code"] == "idempotency_mismatch");
}

TEST_CASE("a stopping daemon says goodbye with the last position, and nothing is lost over the restart",
          "[integration][websocket]") {
    House house;
    Talk talk(house);
    CHECK(talk.ask(Json{
              {"id", 1}, {"op", "subscribe"}, {"after", 0}, {"filter", {{"types", {"x.note"}}}}})["ok"] ==
          true);
    REQUIRE(talk.ask(note(2, "before"))["ok"] == true);
    auto const events = talk.hear();
    REQUIRE(events["events"].size() == 1);
    auto stopped = std::async(std::launch::async, [&] { return house.daemon.terminate(); });
    auto const goodbye = talk.hear();
    CHECK(goodbye["goodbye"] == true);
    CHECK(talk.is_ended());
    CHECK(stopped.get() == 0);
    house.daemon.start();
    house.daemon.wait_ready();
    Talk again(house);
    REQUIRE(again.ask(note(1, "after"))["ok"] == true);
    Talk resumed(house);
    resumed.say(
        Json{{"id", 1}, {"op", "subscribe"}, {"after", goodbye["to"]}, {"filter", {{"types", {"x.note"}}}}});
    CHECK(resumed.hear()["ok"] == true);
    CHECK(resumed.hear()["events"][0]["data"]["note"] == "after");
}
