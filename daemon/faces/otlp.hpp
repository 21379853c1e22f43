// POST /v1/logs, /v1/metrics, /v1/traces: telemetry as OpenTelemetry's exporters send it. Internal to this
// room.
#pragma once

#include "faces/state.hpp"

namespace fleet::faces {

// Bodies are JSON (OTLP/HTTP with http/json). Refusals: unsupported_media_type says which setting of the
// exporter changes that.
asio::awaitable<net::HttpResponse> otlp_exchange(Face::State& state, Operation const& operation,
                                                 net::HttpRequest request, net::Peer peer);

}  // namespace fleet::faces
