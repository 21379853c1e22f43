// One day, told once (tests/support/scenario.json) and lived through every face: HTTP, WebSocket, the client
// library and SQL. What a face does not offer, or answers otherwise than the others, is seen here.
#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/run.hpp"
#include "pg/statement.hpp"
#include "transport/ws_channel.hpp"

#include <fleet/fleet.hpp>
#include <fleet/operations.hpp>

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <thread>

using namespace fleet;
using namespace fleet::test;

namespace {

struct Call {
    Operation const* operation = nullptr;
    std::string callsign{};
    Json args = Json::object();
    std::optional<Fence> fence{};
};
struct Told {
    std::string code{};                              // of a refusal; "" when it was done
    Json body = Json::object();
};

Json json_of(Fence const& fence) {
    return Json{{"kind", fence.kind}, {"id", fence.id}, {"token", fence.token}};
}

class Face {
public:
    virtual ~Face() = default;
    virtual Told call(Call call) = 0;
};

class HttpFace final : public Face {
public:
    HttpFace(DaemonProcess& daemon, std::string project) : daemon_(daemon), project_(std::move(project)) {}

    Told call(Call call) override {
        HttpHeaders headers;
        if (!call.operation->name.starts_with("projects.")) headers["Fleet-Project"] = project_;
        if (!call.callsign.empty()) headers["Fleet-As"] = call.callsign;
        if (call.fence)
            headers["Fleet-Fence"] =
                call.fence->kind + "/" + call.fence->id + "/" + std::to_string(call.fence->token);
        auto target = "/api/v1" + path_of(*call.operation, call.args);
        Json body = nullptr;
        if (call.operation->method == "GET") target += query_of(call.args);
        else body = std::move(call.args);
        auto const answer = daemon_.call(std::string(call.operation->method), target, body, headers,
                                         std::chrono::seconds(70));
        INFO(answer.body);
        return {answer.code(), answer.json()};
    }

private:
    static std::string escaped(Json const& value) {
        std::string const text = value.is_string() ? value.get<std::string>() : json_text(value);
        std::string out;
        for (char const c : text) {
            if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') {
                out += c;
                continue;
            }
            constexpr auto digits = "0123456789ABCDEF";
            auto const byte = static_cast<unsigned char>(c);
            out += {'%', digits[byte / 16], digits[byte % 16]};
        }
        return out;
    }
    static std::string path_of(Operation const& operation, Json& args) {
        std::string path(operation.path);
        for (auto open = path.find('{'); open != path.npos; open = path.find('{')) {
            auto const close = path.find('}', open);
            auto const name = path.substr(open + 1, close - open - 1);
            path.replace(open, close - open + 1, escaped(args.at(name)));
            args.erase(name);
        }
        return path;
    }
    static std::string query_of(Json const& args) {
        std::string query;
        for (auto const& [name, value] : args.items())
            query += (query.empty() ? "?" : "&") + name + "=" + escaped(value);
        return query;
    }

    DaemonProcess& daemon_;
    std::string project_;
};

class SocketFace final : public Face {
public:
    SocketFace(DaemonProcess& daemon, std::string project)
        : channel_(loop_.get_executor(), *transport::parse_endpoint(daemon.socket())) {
        std::vector<transport::Header> headers{{"Fleet-Project", std::move(project)}};
        must(run(loop_, channel_.open("/ws", headers, Millis(3'000))));
    }

    Told call(Call call) override {
        Json frame{{"id", ++asked_}, {"op", call.operation->name}};
        if (!call.callsign.empty()) frame["as"] = call.callsign;
        frame["args"] = std::move(call.args);
        if (call.fence) frame["fence"] = json_of(*call.fence);
        must(run(loop_, channel_.write(json_text(frame))));
        auto const answer = must(parse_json(must(run(loop_, channel_.read(), Millis(20'000)))));
        if (answer["ok"] == true) return {"", answer["result"]};
        return {answer["error"]["code"].get<std::string>(), answer["error"]};
    }

private:
    asio::io_context loop_{1};
    transport::WsChannel channel_;
    int asked_ = 0;
};

class LibraryFace final : public Face {
public:
    LibraryFace(DaemonProcess& daemon, std::string project)
        : client_(options(daemon, std::move(project))) {}

    Told call(Call call) override {
        CallOptions options;
        options.callsign = call.callsign;
        options.fence = std::move(call.fence);
        try {
            std::string const name(call.operation->name);
            return {"", client_.call(name, std::move(call.args), std::move(options))};
        } catch (ErrorException const& refused) {
            return {std::string(text_code(refused.error())), Json{{"detail", refused.error().message}}};
        }
    }

private:
    static ClientOptions options(DaemonProcess const& daemon, std::string project) {
        ClientOptions options;
        options.endpoint = "unix:" + daemon.socket();
        options.project = std::move(project);
        return options;
    }

    Blocking client_;
};

// As a person at psql, or a program without a daemon: commands by fleet.act, reads by the same statements.
class SqlFace final : public Face {
public:
    SqlFace(Database const& database, std::string project)
        : sql_(database.connect()), project_(std::move(project)) {}

    Told call(Call call) override {
        auto const& operation = *call.operation;
        if (!operation.act.empty()) return act(std::move(call));
        auto const rows = read(operation, std::move(call.args));
        bool const is_one = operation.is_single || operation.name == "cursors.drop";
        if (is_one && rows.empty()) return {"not_found", Json::object()};
        if (is_one) return {"", must(parse_json(*rows.front().front()))};
        Json items = Json::array();
        for (SqlRow const& row : rows)
            if (operation.name != "pilots.beat") items.push_back(must(parse_json(*row.front())));
        Json body = Json::object();
        body["items"] = std::move(items);
        return {"", std::move(body)};
    }

private:
    SqlRows read(Operation const& operation, Json args) {
        if (operation.name == "pilots.beat") {
            Json who = Json::array({Json{{"project", project_}, {"callsign", args["callsign"]}}});
            return sql_.rows(std::string(pg::find_statement("beat")->text), {json_text(who)});
        }
        if (operation.name == "cursors.advance") {
            auto const seq = std::to_string(args["seq"].get<std::int64_t>());
            sql_.rows("select * from fleet.advance_cursor($1::text, $2::text, $3::bigint)",
                      {project_, args["name"].get<std::string>(), seq});
            return {};
        }
        if (operation.name == "cursors.drop") {
            auto const rows = sql_.rows("select fleet.drop_cursor($1::text, $2::text)",
                                        {project_, args["name"].get<std::string>()});
            return rows.front().front() == "t" ? SqlRows{{R"({"dropped":true})"}} : SqlRows{};
        }
        auto const* statement = pg::find_statement(operation.statement);
        REQUIRE(statement != nullptr);
        bool const takes_project = std::ranges::find(operation.input, "project", &Field::name)
                                   != operation.input.end();
        if (takes_project) args["project"] = project_;
        return sql_.rows(std::string(statement->text), {json_text(args)});
    }
    Told act(Call call) {
        Json args = std::move(call.args);
        // What the daemon adds: one event is a list of one, a lease has a length.
        if (call.operation->name == "events.append") args = Json{{"events", Json::array({args})}};
        if (call.operation->name == "reservations.reserve" && !args.contains("ttl_seconds"))
            args["ttl_seconds"] = 600;
        Json request{{"op", call.operation->act},
                     {"project", call.operation->name.starts_with("projects.") ? "" : project_},
                     {"actor", call.callsign.empty() ? "root" : call.callsign},
                     {"caller", "uid:0"},
                     {"roles", {"operator"}}};
        request["args"] = std::move(args);
        if (call.fence) request["fence"] = json_of(*call.fence);
        auto const rows = sql_.rows(
            "select coalesce(code, ''), coalesce(result, '{}')::text, message from fleet.act($1::jsonb)",
            {json_text(Json::array({request}))});
        REQUIRE(rows.size() == 1);
        if (!rows[0][0]->empty()) return {*rows[0][0], Json{{"detail", rows[0][2].value_or("")}}};
        return {"", must(parse_json(*rows[0][1]))};
    }

    Postgres sql_;
    std::string project_;
};

Json scenario() {
    std::ifstream file(std::string(FLEET_SOURCE_DIR) + "/tests/support/scenario.json");
    std::stringstream text;
    text << file.rdbuf();
    return must(parse_json(text.str()))["steps"];
}

// Every string "$name" of the arguments gives way to what was saved under that name.
Json filled(Json value, Json const& known) {
    if (value.is_string() && value.get_ref<std::string const&>().starts_with("$"))
        return known.at(value.get<std::string>().substr(1));
    if (value.is_structured())
        for (Json& inner : value) inner = filled(std::move(inner), known);
    return value;
}

struct House {
    Database database = fresh_database();
    DaemonProcess daemon{DaemonOptions{.dsn = database.dsn()}};
    House() { daemon.wait_ready(); }
};

Call call_of(Json const& step, Json const& known) {
    Call call{.operation = find_operation(step["op"].get<std::string>())};
    REQUIRE(call.operation != nullptr);
    call.callsign = step.value("as", "");
    call.args = filled(step["args"], known);
    if (!step.contains("fence")) return call;
    Json const& fence = step["fence"];
    call.fence = Fence{.id = known.at(fence[1].get<std::string>()).get<std::string>(),
                       .token = known.at(fence[2].get<std::string>()).get<std::int64_t>(),
                       .kind = fence[0].get<std::string>()};
    return call;
}

// A request that waits stands in line over a connection of its own, whatever face the day is lived through.
std::future<void> wait_aside(House& house, std::string project, Call call) {
    return std::async(std::launch::async, [&house, project = std::move(project), call = std::move(call)] {
        HttpFace(house.daemon, project).call(call);
    });
}

void live(House& house, Face& face, std::string const& project) {
    Json known{{"project", project}, {"rule", project + "-rule"}};
    std::vector<std::future<void>> aside;
    int number = 0;
    for (Json const& step : scenario()) {
        number += 1;
        INFO("step " << number << ": " << json_text(step));
        auto call = call_of(step, known);
        if (step.value("background", false)) {
            aside.push_back(wait_aside(house, project, std::move(call)));
            continue;
        }
        auto told = face.call(call);
        auto const until = step.value("until", "");
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!until.empty() && !told.body.contains(Json::json_pointer(until))
               && std::chrono::steady_clock::now() < deadline)
            told = face.call(call);
        INFO("answer: " << told.code << " " << json_text(told.body));
        REQUIRE(told.code == step.value("refused", ""));
        if (!step.contains("save")) continue;
        for (auto const& [name, pointer] : step["save"].items()) {
            auto const place = Json::json_pointer(pointer.get<std::string>());
            REQUIRE(told.body.contains(place));
            known[name] = told.body.at(place);
        }
    }
    for (auto& waiting : aside) waiting.get();
}

}  // namespace

TEST_CASE("the day leaves no operation out that has a command or a statement", "[integration][faces]") {
    std::set<std::string> told;
    for (Json const& step : scenario()) told.insert(step["op"].get<std::string>());
    for (Operation const& operation : operations()) {
        bool const is_of_the_database = !operation.act.empty() || !operation.statement.empty();
        INFO(operation.name);
        CHECK((!is_of_the_database || told.contains(std::string(operation.name))));
    }
}

TEST_CASE("a day over HTTP", "[integration][faces]") {
    House house;
    HttpFace face(house.daemon, "http");
    live(house, face, "http");
}

TEST_CASE("a day over WebSocket", "[integration][faces]") {
    House house;
    SocketFace face(house.daemon, "socket");
    live(house, face, "socket");
}

TEST_CASE("a day through the client library", "[integration][faces]") {
    House house;
    LibraryFace face(house.daemon, "library");
    live(house, face, "library");
}

TEST_CASE("a day in SQL", "[integration][faces]") {
    House house;
    SqlFace face(house.database, "sql");
    live(house, face, "sql");
}

TEST_CASE("a script lives through a mission with typed calls", "[integration][faces]") {
    House house;
    ClientOptions options;
    options.endpoint = "unix:" + house.daemon.socket();
    options.project = "script";
    options.callsign = "viper-1";
    Blocking fleet(options);
    fleet.register_project({.key = "script"});
    PilotRequest pilot;
    pilot.callsign = "viper-1";
    pilot.program = "test";
    pilot.model = "m";
    fleet.register_pilot(pilot);

    MissionRequest goal;
    goal.title = "Ship";
    auto const mission = fleet.create_mission(goal);
    SortieRequest piece;
    piece.title = "Build";
    piece.mission_id = mission.mission_id;
    fleet.create_sortie(piece);
    fleet.start_mission(mission.mission_id);
    auto const claimed = std::get<Claimed>(fleet.claim_sortie());
    CHECK(claimed.sortie.pilot == "viper-1");
    fleet.start_sortie(claimed.fence());
    ProgressRequest half;
    half.percent = 50;
    CHECK(fleet.progress(claimed.fence(), half).progress == 50);
    CompleteRequest done;
    done.summary = "built";
    CHECK(fleet.complete_sortie(claimed.fence(), done).status == "completed");
    auto const ended = fleet.show_mission(mission.mission_id);
    CHECK(ended.status == "completed");
    CHECK(ended.progress == 100);
    CHECK(std::get<NothingReady>(fleet.claim_sortie()).pending == 0);

    OrderRequest order;
    order.kind = "index";
    order.payload = Json{{"path", "src"}};
    fleet.enqueue(order);
    auto const orders = fleet.claim_orders();
    REQUIRE(orders.size() == 1);
    CHECK(orders[0].payload["path"] == "src");
    CHECK(fleet.complete_order(orders[0].fence(), Json{{"files", 3}}).status == "completed");

    MessageRequest message;
    message.to = {"viper-1"};
    message.subject = "to me";
    message.body = "do not forget";
    auto const sent = fleet.send(message);
    InboxRequest mine;
    mine.callsign = "viper-1";
    auto const inbox = fleet.inbox(mine);
    REQUIRE(inbox.unread == 1);
    CHECK(inbox.page.items[0].body == "do not forget");
    CHECK(fleet.read(sent.message_id).message_id == sent.message_id);
    CHECK(fleet.inbox(mine).unread == 0);
}
