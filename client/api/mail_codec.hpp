#pragma once
// From the daemon's JSON to the values of `fleet/mail.hpp` and `fleet/safety.hpp`.
#include <fleet/mail.hpp>
#include <fleet/safety.hpp>

namespace fleet {

Message message_from_json(Json const& value);
Thread thread_from_json(Json const& value);
Inbox inbox_from_json(Json const& value);
Halt halt_from_json(Json const& value);

}  // namespace fleet
