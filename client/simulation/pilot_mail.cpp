// What a simulated pilot writes and reads.
#include "simulation/pilot.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::simulation {
namespace {

constexpr int letters_a_page = 50;

std::vector<std::size_t> without_bounced(Stage const& stage, std::vector<std::size_t> readers,
                                         Json const& answer) {
    if (!answer.contains("bounced") || !answer.at("bounced").is_array()) return readers;
    for (Json const& one : answer.at("bounced")) {
        auto const callsign = text_or(one, "callsign", "");
        std::erase_if(readers,
                      [&](std::size_t reader) { return stage.plan.pilots[reader].callsign == callsign; });
    }
    return readers;
}

}  // namespace

asio::awaitable<void> SimulatedPilot::write_letter() {
    auto const letter = letter_of(stage_.plan, me_, letters_++);
    Json to = Json::array();
    for (std::size_t reader : letter.to) to.push_back(stage_.plan.pilots[reader].callsign);
    Json args{{"to", to}, {"subject", letter.subject}, {"body", letter.body}};
    args["importance"] = letter.importance;
    if (letter.wants_ack) args["ack_required"] = true;
    auto answer = co_await call("messages.send", std::move(args));
    if (!answer) {
        stage_.ledger.fault(
            fmt::format("{}: a letter was refused: {}", callsign(), describe(answer.error())));
        co_return;
    }
    auto const readers = without_bounced(stage_, letter.to, *answer);
    stage_.ledger.wrote(text_or(*answer, "message_id", ""), readers);
    stage_.mail.ring_all();
}

asio::awaitable<void> SimulatedPilot::read_mail() {
    while (!stage_.is_stopped()) {
        Json args{{"callsign", callsign()}, {"unread", true}, {"limit", letters_a_page}};
        auto answer = co_await call("messages.inbox", std::move(args));
        if (!answer) {
            stage_.ledger.fault(
                fmt::format("{}: its mailbox was refused: {}", callsign(), describe(answer.error())));
            co_return;
        }
        if (!answer->contains("items") || !answer->at("items").is_array()) co_return;
        Json const letters = answer->at("items");
        for (Json const& letter : letters) co_await take_letter(letter);
        if (letters.size() < letters_a_page) co_return;
    }
}

asio::awaitable<void> SimulatedPilot::take_letter(Json letter) {
    auto const id = text_or(letter, "message_id", "");
    bool const wants_ack = flag_or(letter, "ack_required", false);
    Json args{{"message_id", id}};
    std::string operation = wants_ack ? "messages.ack" : "messages.read";
    auto answer = co_await call(std::move(operation), std::move(args));
    if (!answer) {
        stage_.ledger.fault(
            fmt::format("{} could not read {}: {}", callsign(), id, describe(answer.error())));
        co_return;
    }
    stage_.ledger.counts.acks += wants_ack ? 1 : 0;
    auto const from = text_or(letter, "from", "");
    auto const subject = text_or(letter, "subject", "");
    auto const& pilots = stage_.plan.pilots;
    auto is_writer = [&](PlannedPilot const& pilot) { return pilot.callsign == from; };
    auto const writer = std::find_if(pilots.begin(), pilots.end(), is_writer);
    bool const will_answer = writer != pilots.end() && answers(stage_.plan, me_, subject);
    // Before it counts as read: nobody may leave while an answer is to come.
    stage_.letters_under_way += will_answer ? 1U : 0U;
    stage_.ledger.read(id, me_);
    if (!will_answer) co_return;
    Json reply{{"in_reply_to", id}, {"to", Json::array({from})}, {"body", "I have seen it."}};
    reply["subject"] = "Re: " + subject;
    auto sent = co_await call("messages.send", std::move(reply));
    stage_.letters_under_way -= 1;
    if (!sent) {
        stage_.ledger.fault(fmt::format("{}: an answer was refused: {}", callsign(), describe(sent.error())));
        co_return;
    }
    std::vector<std::size_t> readers{static_cast<std::size_t>(writer - pilots.begin())};
    readers = without_bounced(stage_, std::move(readers), *sent);
    stage_.ledger.wrote(text_or(*sent, "message_id", ""), readers);
    stage_.mail.ring_all();
}

}  // namespace fleet::simulation
