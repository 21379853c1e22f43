#include "cli/screen/sentences.hpp"
#include "cli/screen/words.hpp"

#include <fmt/format.h>

namespace fleet::cli {
namespace {

Sentence sent(Json const& data) {
    auto importance = text(data, "importance");
    bool urgent = importance == "urgent" || importance == "high";
    auto mark = urgent ? " (" + importance + ")" : std::string();
    auto wants = flag_or(data, "ack_required", false) ? ", wants an answer" : "";
    return {urgent ? Ink::yellow : Ink::cyan, "✉",
            fmt::format("wrote to {}{}: {}{}", list_member(data, "to"), mark, text(data, "subject"), wants)};
}

}  // namespace

Sentence mail_sentence(Event const& event, Teller const& teller) {
    Json const& data = event.data;
    auto what = teller.name_of(event.stream_id);
    if (event.type == "message_sent") return sent(data);
    if (event.type == "message_read") return {Ink::dim, "✉", "read " + what};
    if (event.type == "message_acked")
        return {Ink::cyan, "✉", fmt::format("acknowledged {}{}", what, when(text(data, "response"), ": "))};
    if (event.type == "message_updated")
        return {Ink::cyan, "✉", fmt::format("changed {}{}", what, when(text(data, "reason"), ": "))};
    if (event.type == "message_bounced") {
        return {Ink::yellow, "✉",
                fmt::format("{} did not reach {} ({})", what, text(data, "recipient"), text(data, "reason"))};
    }
    if (event.type == "message_requeued")
        return {Ink::dim, "✉", fmt::format("{} waits for {} again", what, text(data, "recipient"))};
    if (event.type != "thread_created") return plain_sentence(event);
    return {Ink::dim, "✉",
            fmt::format("began the thread {}{}", text(data, "title"),
                        when(list_member(data, "participants"), " with "))};
}

}  // namespace fleet::cli
