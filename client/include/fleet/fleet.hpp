#pragma once
// All of the client library.
#include <fleet/blocking.hpp>
#include <fleet/client.hpp>
#include <fleet/error.hpp>
#include <fleet/event.hpp>
#include <fleet/id.hpp>
#include <fleet/json.hpp>
#include <fleet/pattern.hpp>
#include <fleet/records.hpp>
#include <fleet/reservation_lease.hpp>
#include <fleet/result.hpp>
#include <fleet/subscription.hpp>
#include <fleet/time.hpp>
